//! The program `heard`: the only crate that touches the world.

mod audit;
mod check;
mod cli;
mod config;
mod console;
mod exit;
mod logs;
mod output;
mod project;
mod rule;
mod run;
mod survey;
mod system;

#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    exit::guard(|| cli::run(std::env::args_os()))
}
