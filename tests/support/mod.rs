//! What the tests of the C boundary share: where things are, and how to build and run a C program.
#![allow(dead_code)]

#[path = "../common/slowness.rs"]
mod slowness;

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The shared library that cargo built for this test run.
pub fn library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let library = test.parent().unwrap().join("libecrhub.so");
    assert!(library.exists(), "{} is missing; cargo builds it with the tests", library.display());
    library
}

/// A folder with the library under the names a linker and a loader ask for.
pub fn library_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let folder = Build::scratch(&format!("lib-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["libecrhub.so", "libecrhub.so.1"] {
            let link = folder.join(name);
            let _ = std::fs::remove_file(&link);
            std::os::unix::fs::symlink(library(), link).unwrap();
        }
        folder
    })
}

/// Runs to the end, insists on success, and gives what was printed.
pub fn succeeds(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command:?}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// The names of the functions and variables the library exports, sorted.
pub fn exported_symbols() -> Vec<String> {
    let listed = succeeds(Command::new("nm").args(["-D", "--defined-only"]).arg(library()));
    let mut names: Vec<String> = listed
        .lines()
        .filter_map(|line| line.split_whitespace().nth(2))
        .map(str::to_owned)
        .collect();
    names.sort_unstable();
    names
}

/// A C or C++ program of this repository, built against the header and the library.
pub struct Build {
    program: PathBuf,
}

impl Build {
    /// A file for this test run to write.
    pub fn scratch(name: &str) -> PathBuf {
        Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
    }

    /// `source` is relative to the repository; `.cpp` makes it C++17, everything else C11.
    pub fn new(source: &str) -> Build {
        let (compiler, standard) =
            if source.ends_with(".cpp") { ("c++", "-std=c++17") } else { ("cc", "-std=c11") };
        let name = source.replace(['/', '.'], "-");
        // Tests that run side by side may build the same source.
        static BUILDS: AtomicU32 = AtomicU32::new(0);
        let build = BUILDS.fetch_add(1, Ordering::Relaxed);
        let program = Build::scratch(&format!("{name}-{}-{build}", std::process::id()));
        let object = program.with_extension("o");
        let mut compile = Command::new(compiler);
        compile.args([standard, "-g", "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-pthread"]);
        compile.args(["-D_GNU_SOURCE", "-I"]).arg(root().join("include"));
        compile.args(flags("ECRHUB_CFLAGS")).arg("-c").arg(root().join(source));
        succeeds(compile.arg("-o").arg(&object));
        let mut link = Command::new(compiler);
        link.arg(&object).args(flags("ECRHUB_LDFLAGS")).args(["-pthread", "-L"]);
        link.arg(library_folder()).args(["-Wl,--as-needed", "-lecrhub", "-ldl", "-rdynamic", "-o"]);
        succeeds(link.arg(&program));
        std::fs::remove_file(&object).unwrap();
        Build { program }
    }

    /// The program itself, which needs [`library_folder`]. It goes with this value.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Runs it and insists that it ends well within `seconds`. Gives what it printed.
    pub fn run<A: AsRef<OsStr>>(&self, arguments: &[A], seconds: u64) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        finishes(&mut command, "", seconds)
    }

    /// The same with something to read.
    pub fn run_with_input<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        input: &str,
        seconds: u64,
    ) -> String {
        let mut command = Command::new(&self.program);
        command.args(arguments);
        finishes(&mut command, input, seconds)
    }

    /// The same under valgrind, where each memory error and each definite leak fails it.
    pub fn run_in_valgrind<A: AsRef<OsStr>>(&self, arguments: &[A], seconds: u64) -> String {
        self.valgrind(
            &["--leak-check=full", "--errors-for-leak-kinds=definite"],
            arguments,
            seconds,
        )
    }

    /// The same, where only memory errors fail it.
    pub fn run_in_valgrind_but_for_leaks<A: AsRef<OsStr>>(
        &self,
        arguments: &[A],
        seconds: u64,
    ) -> String {
        self.valgrind(&["--leak-check=no"], arguments, seconds)
    }

    fn valgrind<A: AsRef<OsStr>>(&self, options: &[&str], arguments: &[A], seconds: u64) -> String {
        let mut command = Command::new("valgrind");
        // Fair: otherwise a thread that spins may keep the one it waits for from running.
        command.args(["--quiet", "--error-exitcode=9", "--fair-sched=yes"]).args(options);
        finishes(command.arg(&self.program).args(arguments), "", seconds)
    }
}

impl Drop for Build {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.program);
    }
}

/// What a sanitizer's run adds to compiling and linking; `scripts/sanitize` sets both variables.
fn flags(variable: &str) -> Vec<String> {
    let given = std::env::var(variable).unwrap_or_default();
    given.split_whitespace().map(str::to_owned).collect()
}

/// Runs it with something to read, and insists that it ends well within `seconds`. Gives what it printed.
pub fn finishes(command: &mut Command, input: &str, seconds: u64) -> String {
    command.env("LD_LIBRARY_PATH", library_folder()).stdin(Stdio::piped());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    // A program that does not read it may have ended already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let out = collect(child.stdout.take().unwrap());
    let err = collect(child.stderr.take().unwrap());
    let deadline = Instant::now() + Duration::from_secs(seconds) * slowness::factor();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break Some(status);
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    let status = status.unwrap_or_else(|| panic!("{command:?} hangs\n{out}{err}"));
    assert!(status.success(), "{command:?}: {status}\n{out}{err}");
    out
}

fn collect(mut from: impl Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = from.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
