//! The program `heard`: the only crate that touches the world.

mod check;
mod cli;
mod console;
mod exit;
mod output;
mod project;
mod rule;
mod system;
mod walk;

#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    exit::guard(|| cli::run(std::env::args_os()))
}
