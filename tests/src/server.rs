//! The real `onsale` binary, run as an operator runs it: its commands, and its server.

use std::env;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::{ExitStatus, Output, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long a server may take until it is ready, or until it has ended.
const LIMIT: Duration = Duration::from_mins(1);
/// The pause between two questions whether a server is ready.
const PAUSE: Duration = Duration::from_millis(25);
/// The bytes of a server's log that are shown when its test fails.
const SHOWN_LOG: usize = 8_000;
/// What every replica of a test on MySQL shares.
pub const SECRET: &str = "a secret of the tests, with 32 bytes or more";

/// Settings of every test: any port, points for nothing, and no limit on requests, entries and passwords, as they all come
/// from one address.
const SETTINGS: [(&str, &str); 8] = [
    ("ONSALE_HTTP__LISTEN", "127.0.0.1:0"),
    ("ONSALE_HTTP__ADMIN_LISTEN", "127.0.0.1:0"),
    ("ONSALE_HTTP__LIMITS__CLIENT_REQUESTS_PER_SECOND", "0"),
    ("ONSALE_HTTP__LIMITS__CLIENT_ENTRIES_PER_MINUTE", "0"),
    ("ONSALE_HTTP__LIMITS__CLIENT_PASSWORD_REQUESTS_PER_MINUTE", "0"),
    ("ONSALE_CHARGES__TEST", "true"),
    ("ONSALE_DATABASE__LANE_CONNECTIONS", "4"),
    ("ONSALE_DATABASE__READ_CONNECTIONS", "4"),
];

/// One place of data, and the settings under which commands run on it. Dropping it removes the data.
pub struct Stack {
    settings: Vec<(String, String)>,
    folder: TempDir,
    _database: Option<onsale_test_servers::Database>,
}

impl Stack {
    /// On the embedded database, in a folder of its own.
    ///
    /// # Panics
    /// When there can be no folder.
    #[must_use]
    pub fn embedded() -> Self {
        Self::new(None)
    }

    /// On MySQL, in a database of its own.
    ///
    /// # Panics
    /// When there is no server.
    pub async fn mysql() -> Self {
        let database = onsale_test_servers::mysql().await.fresh_database().await;
        Self::at(database.url().to_owned(), Some(database))
    }

    /// On the MySQL database at `url`, which somebody else keeps.
    ///
    /// # Panics
    /// When there can be no folder.
    #[must_use]
    pub fn on(url: &str) -> Self {
        Self::at(url.to_owned(), None)
    }

    fn at(url: String, database: Option<onsale_test_servers::Database>) -> Self {
        Self::new(database).with("ONSALE_DATABASE_URL", url).with("ONSALE_TOKENS__SECRET", SECRET)
    }

    fn new(database: Option<onsale_test_servers::Database>) -> Self {
        let folder = TempDir::new().expect("a folder can be made");
        let data = folder.path().join("data").display().to_string();
        let stack = Self { settings: Vec::new(), folder, _database: database };
        SETTINGS.iter().fold(stack, |stack, (name, value)| stack.with(name, *value)).with("ONSALE_DATA_FOLDER", data)
    }

    /// With one more environment variable, or another value of one.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets an environment variable of the commands that follow.
    pub fn set(&mut self, name: &str, value: impl Into<String>) {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.into()));
    }

    /// Takes an environment variable away from the commands that follow.
    pub fn unset(&mut self, name: &str) {
        self.settings.retain(|(known, _)| known != name);
    }

    /// The folder for the data of the embedded database.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Writes a file beside the data.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).expect("the file can be written");
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ONSALE_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(self.settings.iter().cloned()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    /// Runs a command to its end.
    ///
    /// # Panics
    /// When it cannot be run, or takes too long.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let output = timeout(LIMIT, self.command(arguments).output()).await;
        output.unwrap_or_else(|_| panic!("onsale {arguments:?} takes too long")).expect("the binary can be run")
    }

    /// Runs a command that is to succeed; what it prints.
    ///
    /// # Panics
    /// When it fails.
    pub async fn succeed(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        let (told, complained) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "onsale {arguments:?}: {}\n{told}\n{complained}", output.status);
        told
    }

    /// Runs a command that is to fail; what it complains about.
    ///
    /// # Panics
    /// When it succeeds.
    pub async fn fail(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert_eq!(output.status.code(), Some(1), "onsale {arguments:?}: {}", text(&output.stdout));
        text(&output.stderr)
    }

    /// Lets `onsale audit` prove every invariant.
    ///
    /// # Panics
    /// When one is broken.
    pub async fn assert_sound(&self) {
        let told = self.succeed(&["audit"]).await;
        assert!(told.contains("audit: every invariant holds") && !told.contains("NOT CHECKED"), "{told}");
    }

    /// Starts a server and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; its log is shown.
    pub async fn serve(&self) -> Server {
        let server = self.launch(&["serve"]).await;
        server.await_ready().await;
        server
    }

    /// Starts a replica with settings of its own and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; its log is shown.
    pub async fn serve_with(&self, settings: &[(&str, &str)]) -> Server {
        let mut command = self.command(&["serve"]);
        command.envs(settings.iter().copied());
        let server = self.started(command).await;
        server.await_ready().await;
        server
    }

    /// Starts a server and waits until it says where it listens.
    ///
    /// # Panics
    /// When it does not start; its log is shown.
    pub async fn launch(&self, arguments: &[&str]) -> Server {
        self.started(self.command(arguments)).await
    }

    async fn started(&self, mut command: Command) -> Server {
        let (log, path) = tempfile::Builder::new()
            .prefix("server-")
            .suffix(".log")
            .tempfile_in(self.folder.path())
            .and_then(|file| file.keep().map_err(io::Error::from))
            .expect("a log can be written");
        let mut process =
            command.stdout(Stdio::piped()).stderr(Stdio::from(log)).spawn().expect("the binary can be run");
        let told = BufReader::new(process.stdout.take().expect("standard output is a pipe"));
        let mut server = Server { address: String::new(), admin: String::new(), process, told, log: path };
        server.read_addresses().await;
        server
    }
}

/// A running server. Dropping it kills the process.
pub struct Server {
    /// Where the API is: `http://127.0.0.1:…`.
    pub address: String,
    /// Where metrics and health are.
    pub admin: String,
    process: Child,
    told: BufReader<ChildStdout>,
    log: PathBuf,
}

impl Server {
    async fn read_addresses(&mut self) {
        while self.address.is_empty() || self.admin.is_empty() {
            let line = self.next_line().await;
            let line = line.unwrap_or_else(|| panic!("the server did not start"));
            if let Some(address) = line.strip_prefix("Onsale serves ") {
                address.clone_into(&mut self.address);
            }
            if let Some((_, addresses)) = line.split_once("metrics, health") {
                let metrics = addresses.split_whitespace().next().unwrap_or_default();
                metrics.trim_end_matches("/metrics").clone_into(&mut self.admin);
            }
        }
    }

    /// The next line that it prints; nothing when it has ended.
    ///
    /// # Panics
    /// When nothing comes in time.
    pub async fn next_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = timeout(LIMIT, self.told.read_line(&mut line)).await.expect("the server says something in time");
        let read = read.expect("its output can be read");
        (read > 0).then(|| line.trim_end().to_owned())
    }

    /// Waits until it is ready to serve.
    ///
    /// # Panics
    /// When it does not become ready in time.
    pub async fn await_ready(&self) {
        let limit = Instant::now() + LIMIT;
        while !matches!(self.is_ready().await, Ok(true)) {
            assert!(Instant::now() < limit, "the server at {} is not ready", self.address);
            sleep(PAUSE).await;
        }
    }

    async fn is_ready(&self) -> io::Result<bool> {
        let mut connection = TcpStream::connect(self.host()).await?;
        connection.write_all(b"GET /health/ready HTTP/1.1\r\nHost: onsale\r\nConnection: close\r\n\r\n").await?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).await?;
        Ok(answer.starts_with("HTTP/1.1 200 "))
    }

    /// Address and port.
    #[must_use]
    pub fn host(&self) -> &str {
        self.address.trim_start_matches("http://")
    }

    /// Everything it has logged.
    ///
    /// # Panics
    /// When the log cannot be read.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("the log can be read")
    }

    /// Tells it to stop, with SIGTERM.
    ///
    /// # Panics
    /// When it has ended already.
    pub fn terminate(&self) {
        let id = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        kill_process(id.expect("the server runs"), Signal::TERM).expect("the server can be told to stop");
    }

    /// Stops it; everything that it has logged.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ended_log(self) -> String {
        let path = self.log.clone();
        self.terminate();
        self.ended().await;
        fs::read_to_string(path).expect("the log can be read")
    }

    /// Waits until it has ended.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn ended(mut self) -> ExitStatus {
        timeout(LIMIT, self.process.wait()).await.expect("the server ends in time").expect("its end can be waited for")
    }

    /// Kills it with SIGKILL, as a crash would.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(mut self) {
        self.process.kill().await.expect("the server can be killed");
    }
}

/// Shows the end of the log of a server whose test fails.
impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = fs::read_to_string(&self.log).unwrap_or_default();
            let start = log.len().saturating_sub(SHOWN_LOG);
            eprintln!("the server's log ends with:\n{}", log.get(start..).unwrap_or(&log));
        }
    }
}

/// The binary that Cargo puts beside the tests: `target/<profile>/onsale`.
fn binary() -> PathBuf {
    let test = env::current_exe().expect("a test knows its own program");
    let folder = test.parent().and_then(|folder| folder.parent()).expect("tests lie in target/<profile>/deps");
    let binary = folder.join("onsale");
    assert!(File::open(&binary).is_ok(), "there is no {}; build it: cargo build --package onsale", binary.display());
    binary
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
