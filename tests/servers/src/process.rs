//! A server program run as a private child process.

use std::{
    collections::VecDeque,
    env,
    ffi::{OsStr, OsString},
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, BufRead, BufReader, PipeReader},
    net::TcpListener,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::{ServerError, guard::Guard};

/// How long a server may take until it says that it is ready.
const READY_LIMIT: Duration = Duration::from_mins(1);

/// How many of its last lines are shown when it fails.
const LOG_LINES: usize = 40;

/// Where package managers put servers that are not on an ordinary user's `PATH`.
const MORE_FOLDERS: [&str; 6] = [
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/libexec",
    "/opt/homebrew/bin",
    "/opt/homebrew/opt/mysql/bin",
    "/usr/local/opt/mysql/bin",
];

/// How to run a server: always the same way, so that it can be killed and started again on the same data.
#[derive(Clone, Debug)]
pub(crate) struct Recipe {
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<OsString>,
    /// What its log says once it accepts connections.
    pub(crate) ready: &'static str,
}

/// A recipe, the folder it keeps its data in, and the process while it runs.
pub(crate) struct PrivateServer {
    recipe: Recipe,
    running: Option<Running>,
    folder: TempDir, // last: removed after the process has ended
}

impl PrivateServer {
    pub(crate) async fn start(recipe: Recipe, folder: TempDir) -> Result<Self, ServerError> {
        let mut server = Self { recipe, running: None, folder };
        server.resume().await?;
        Ok(server)
    }

    /// Starts the process on the data it left behind; does nothing while it runs.
    pub(crate) async fn resume(&mut self) -> Result<(), ServerError> {
        if self.running.is_none() {
            let (recipe, folder) = (self.recipe.clone(), self.folder.path().to_owned());
            self.running = Some(in_background(move || Running::start(&recipe, &folder)).await?);
        }
        Ok(())
    }

    /// Kills the process with SIGKILL, as a crash would; its data stays.
    pub(crate) fn kill(&mut self) -> Result<(), ServerError> {
        let Some(running) = self.running.take() else { return Ok(()) };
        running.end().map_err(|reason| ServerError::Run { program: self.recipe.program.clone(), reason })
    }

    /// Sends a signal to the process, if it runs.
    pub(crate) fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        let Some(child) = self.running.as_ref().and_then(|running| running.child.as_ref()) else { return Ok(()) };
        kill_process(Pid::from_child(child), signal)
            .map_err(|reason| ServerError::Run { program: self.recipe.program.clone(), reason: reason.into() })
    }
}

struct Running {
    child: Option<Child>,
    guard: Option<Guard>,
}

impl Running {
    fn start(recipe: &Recipe, folder: &Path) -> Result<Self, ServerError> {
        let failed = |reason| ServerError::Run { program: recipe.program.clone(), reason };
        let (log, output) = io::pipe().map_err(failed)?;
        let child = Command::new(&recipe.program)
            .args(&recipe.arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone().map_err(failed)?)
            .stderr(output)
            .process_group(0)
            .spawn()
            .map_err(failed)?;
        let process = OsString::from(child.id().to_string());
        let mut running = Self { child: Some(child), guard: None };
        // the pause lets a killed server's last writes end before its folder goes
        let cleanup = r#"kill -KILL "$1"; sleep 0.2; rm -rf "$2""#;
        running.guard = Some(Guard::new(cleanup, &[&process, folder.as_os_str()]).map_err(failed)?);
        await_ready(log, recipe)?;
        Ok(running)
    }

    fn end(mut self) -> io::Result<()> {
        self.stop()
    }

    fn stop(&mut self) -> io::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill()?;
            child.wait()?;
        }
        self.guard.take().map_or(Ok(()), Guard::dismiss)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(reason) = self.stop() {
            eprintln!("cannot stop a server: {reason}");
        }
    }
}

/// Waits for the ready line, and keeps reading afterwards: a full pipe would stop the server.
fn await_ready(log: PipeReader, recipe: &Recipe) -> Result<(), ServerError> {
    let (sender, receiver) = mpsc::channel();
    let ready = recipe.ready;
    thread::spawn(move || follow(log, ready, &sender));
    let (reason, log) = match receiver.recv_timeout(READY_LIMIT) {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(log)) => ("it ended", log),
        Err(RecvTimeoutError::Timeout) => ("it took too long", String::new()),
        Err(RecvTimeoutError::Disconnected) => ("its output could not be read", String::new()),
    };
    Err(ServerError::NotReady { program: recipe.program.clone(), reason, log })
}

fn follow(log: PipeReader, ready: &str, sender: &Sender<Result<(), String>>) {
    let mut last = VecDeque::with_capacity(LOG_LINES);
    let mut is_ready = false;
    for line in BufReader::new(log).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        if !is_ready && line.contains(ready) {
            is_ready = true;
            // nobody listens any more once the limit has passed, and the limit has been reported
            drop(sender.send(Ok(())));
        }
        if last.len() == LOG_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    if !is_ready {
        drop(sender.send(Err(Vec::from(last).join("\n"))));
    }
}

/// Runs a program to its end.
pub(crate) fn run(program: &Path, arguments: &[OsString]) -> Result<String, ServerError> {
    let failed = |reason| ServerError::Run { program: program.to_owned(), reason };
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().map_err(failed)?;
    let mut log = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(log);
    }
    log.push_str(&String::from_utf8_lossy(&output.stderr));
    Err(ServerError::NotReady { program: program.to_owned(), reason: "it failed", log })
}

/// Runs what blocks beside the asynchronous tasks.
pub(crate) async fn in_background<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ServerError> + Send + 'static,
) -> Result<T, ServerError> {
    tokio::task::spawn_blocking(work).await.expect("starting a server does not panic and is never cancelled")
}

/// Finds a program on the `PATH` and where servers usually are.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let more = MORE_FOLDERS.iter().map(PathBuf::from);
    env::split_paths(&path).chain(more).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A loopback port that nobody listens on.
///
/// Drawn from below the range the system takes ports for outgoing connections from, so that a killed server finds its
/// port free again.
pub(crate) fn free_port() -> Result<u16, ServerError> {
    const FIRST: u64 = 12_000;
    const COUNT: u64 = 18_000;
    const ATTEMPTS: usize = 100;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..ATTEMPTS {
        let drawn = FIRST + RandomState::new().build_hasher().finish() % COUNT;
        let port = u16::try_from(drawn).expect("the range lies below 65,536");
        match TcpListener::bind(("127.0.0.1", port)) {
            Ok(_) => return Ok(port),
            Err(reason) => last = reason,
        }
    }
    Err(ServerError::Folder(last))
}

/// `name=value` as one argument, for values that need not be UTF-8.
pub(crate) fn option(name: &str, value: impl AsRef<OsStr>) -> OsString {
    let mut argument = OsString::from(name);
    argument.push("=");
    argument.push(value);
    argument
}
