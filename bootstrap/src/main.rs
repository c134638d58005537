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

use clap::Parser;
use command_line::CommandLine;

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal::complain(&format!("the runtime could not be started: {error}"));
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(commands::run(command_line)) {
        Ok(code) => code,
        Err(failure) => {
            terminal::complain(&failure.to_string());
            ExitCode::FAILURE
        }
    }
}
