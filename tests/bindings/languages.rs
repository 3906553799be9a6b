//! The runners: how each is built and started.

use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Build, library, library_folder, root, succeeds};

pub struct Language {
    pub name: &'static str,
    /// It hands on what the library says, where the others show what their language made of it.
    pub is_raw: bool,
    command: Box<dyn Fn() -> Command + Sync>,
}

impl Language {
    pub fn command(&self) -> Command {
        let mut command = (self.command)();
        with_library(&mut command);
        command
    }
}

/// Where the library of this test run is, for every language.
pub fn with_library(command: &mut Command) -> &mut Command {
    command.env("ECRHUB_LIBRARY", library()).env("LD_LIBRARY_PATH", library_folder())
}

fn compiled(name: &'static str, source: &'static str) -> Language {
    let build = Build::new(source);
    let command = move || Command::new(build.program());
    Language { name, is_raw: true, command: Box::new(command) }
}

pub fn c() -> Language {
    compiled("C", "tests/bindings/runner.c")
}

pub fn cpp() -> Language {
    compiled("C++", "tests/bindings/runner.cpp")
}

/// Python with the package on its path.
pub fn python_command() -> Command {
    let mut command = Command::new("python3");
    command.env("PYTHONPATH", root().join("bindings/python/src"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    with_library(&mut command);
    command
}

pub fn python() -> Language {
    let command = || {
        let mut command = python_command();
        command.arg(root().join("tests/bindings/runner.py"));
        command
    };
    Language { name: "Python", is_raw: false, command: Box::new(command) }
}

/// Compiles the C# binding and its runner, once for all that use them.
pub fn build_csharp() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        succeeds(&mut Command::new(root().join("scripts/build-csharp")));
    });
}

pub fn csharp_on_mono() -> Language {
    build_csharp();
    let command = || {
        let mut command = Command::new("mono");
        command.arg(root().join("target/csharp/Runner.exe"));
        command
    };
    Language { name: "C# on Mono", is_raw: false, command: Box::new(command) }
}

/// The same program on another runtime.
pub fn csharp_on_dotnet() -> Language {
    build_csharp();
    let dotnet = succeeds(&mut Command::new(root().join("scripts/dotnet-runtime")));
    let command = move || {
        let mut command = Command::new(dotnet.trim());
        command.arg(root().join("target/csharp/Runner.exe"));
        // There may be no ICU here, without which it does not start otherwise.
        command.env("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", "1");
        // Without what debuggers attach to, it leaves no sockets and pipes in /tmp.
        command.env("COMPlus_EnableDiagnostics", "0");
        command
    };
    Language { name: "C# on .NET", is_raw: false, command: Box::new(command) }
}
