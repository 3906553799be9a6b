//! The runners: how each is built and started.

use std::process::Command;

use crate::support::{Build, library, library_folder};

pub struct Language {
    pub name: &'static str,
    /// It hands on what the library says, where the others show what their language made of it.
    pub is_raw: bool,
    command: Box<dyn Fn() -> Command + Sync>,
}

impl Language {
    pub fn command(&self) -> Command {
        let mut command = (self.command)();
        command.env("ECRHUB_LIBRARY", library()).env("LD_LIBRARY_PATH", library_folder());
        command
    }
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
