//! What the operating system allows this process, and with it the servers that it starts.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many open files as an ordinary user may have: each connection is one, on both of its sides.
///
/// # Errors
/// When the system refuses.
pub fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}

/// How many connections one process can have open, leaving some files for everything else.
#[must_use]
pub fn connections() -> usize {
    const OTHER_FILES: u64 = 200;
    let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX)
}
