//! The onsale binary: configuration, wiring, commands, shutdown.

mod command_line;
mod commands;
mod configuration;
mod demo;
mod failure;
mod keys;
mod private_file;
mod random;
mod room_figures;
mod serve;
mod tasks;
mod terminal;
mod wiring;

use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use command_line::CommandLine;
use mimalloc::MiMalloc;

/// A request allocates some hundred times; this allocator spends half as long on it as the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// How long threads that are blocked may keep the process at its end: one may wait for a lock that nobody gives back.
const THREADS_LIMIT: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(&format!("the runtime could not be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(commands::run(command_line));
    runtime.shutdown_timeout(THREADS_LIMIT);
    match ended {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
