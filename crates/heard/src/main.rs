//! The program `heard`: the only crate that touches the world.

mod audit;
mod baseline;
mod changes;
mod check;
mod cli;
mod config;
mod console;
mod exit;
mod logs;
mod lsp;
mod notebook;
mod output;
mod project;
mod rewrite;
mod rule;
mod runtime;
mod shell;
mod survey;
mod system;
mod watch;

#[cfg(all(feature = "jemalloc", not(target_env = "msvc")))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> std::process::ExitCode {
    exit::guard(|| cli::run(std::env::args_os()))
}
