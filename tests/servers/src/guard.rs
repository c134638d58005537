//! Cleaning up after this process, however it ends.

use std::{
    ffi::OsStr,
    io::{self, Write},
    os::unix::process::CommandExt,
    process::{Child, ChildStdin, Command, Stdio},
};

/// A shell that waits for this process to end and then cleans up.
///
/// Values in statics are never dropped and a killed process drops nothing, so the guard relies on neither: its
/// standard input is a pipe from this process, and the operating system closes that pipe in every case.
pub(crate) struct Guard {
    shell: Child,
    alive: Option<ChildStdin>,
}

impl Guard {
    /// Runs `cleanup` with `arguments` as `$1`, `$2` … when this process ends.
    ///
    /// # Errors
    /// When no shell can be started.
    pub(crate) fn new(cleanup: &str, arguments: &[&OsStr]) -> io::Result<Self> {
        let mut shell = Command::new("sh")
            .arg("-c")
            .arg(format!("read -r dismissed || {{ {cleanup}; }}"))
            .arg("guard")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0) // an interrupt from the terminal reaches whole groups, and must not stop the guard
            .spawn()?;
        let alive = shell.stdin.take();
        Ok(Self { shell, alive })
    }

    /// Lets the guard go without cleaning up: the caller has done it.
    pub(crate) fn dismiss(mut self) -> io::Result<()> {
        if let Some(mut alive) = self.alive.take() {
            alive.write_all(b"dismissed\n")?;
        }
        self.shell.wait().map(drop)
    }
}
