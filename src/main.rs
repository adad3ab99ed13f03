//! The program: everything is in the library, so that tests and benchmarks run the same code.

fn main() -> std::process::ExitCode {
    ots_registry::cli::main()
}
