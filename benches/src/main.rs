//! `make bench`: measures ecrhub against what a developer would use instead, and writes `docs/benchmarks.md`.
//!
//! `ecrhub-bench ROOT BUILT [--quick]`, started by `scripts/bench`, which has built everything.

mod contenders;
mod run;
mod sections;
mod table;

use std::path::PathBuf;
use std::process::ExitCode;

use run::{Setting, Terminal};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (root, built, is_quick) = match &arguments[..] {
        [root, built] => (root, built, false),
        [root, built, quick] if quick == "--quick" => (root, built, true),
        _ => {
            eprintln!("ecrhub-bench ROOT BUILT [--quick]");
            return ExitCode::from(2);
        }
    };
    let setting = Setting { root: PathBuf::from(root), built: PathBuf::from(built), is_quick };
    match measure(&setting) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("ecrhub-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

fn measure(setting: &Setting) -> Result<(), String> {
    let terminal = Terminal::start(setting)?;
    let mut page = String::from(sections::METHOD);
    page.push_str(&sections::machine());
    let parts: [(&str, sections::Section); 7] = [
        ("Round trip", sections::round_trip),
        ("Pipelined", sections::pipelined),
        ("Many terminals", sections::many),
        ("Idle", sections::idle),
        ("Footprint", sections::footprint),
        ("Journal", sections::journal),
        ("Growth", sections::growth),
    ];
    for (title, section) in parts {
        eprintln!("{title} ...");
        let text = format!("\n## {title}\n\n{}", section(setting, &terminal)?);
        println!("{text}");
        page.push_str(&text);
    }
    let file = setting.root.join("docs/benchmarks.md");
    if setting.is_quick {
        println!("a short run: {} stays as it is", file.display());
        return Ok(());
    }
    std::fs::write(&file, page).map_err(|error| format!("{}: {error}", file.display()))
}
