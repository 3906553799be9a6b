//! Every command line that a page, a help text or an advice prints is one that the program takes.

use std::path::{Path, PathBuf};

use clap::Parser;

use crate::args::Cli;

const COMMANDS: [&str; 12] = [
    "sale", "void", "refund", "auth", "complete", "cashback", "query", "close", "send", "watch",
    "doctor", "journal",
];

fn texts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let is_ours = !name.starts_with('.') && !["target", "dist", "node_modules"].contains(&name);
        if path.is_dir() && is_ours {
            texts(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "md" || kind == "rs") {
            found.push(path);
        }
    }
}

/// The command lines in a text, from `ecrhub` to where the line, its comment or what quotes it ends.
fn printed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines() {
        for (at, _) in line.match_indices("ecrhub ") {
            let before = line[..at].chars().last().unwrap_or(' ');
            let rest = &line[at..];
            let is_command = rest.split_whitespace().nth(1).is_some_and(|word| {
                let word = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
                COMMANDS.contains(&word) || word.starts_with("--")
            });
            if is_command && matches!(before, ' ' | '`' | '"' | '$' | '\'') {
                let end = rest.find(['`', '"', '\\', '#', ';', ','].as_slice());
                found.push(rest[..end.unwrap_or(rest.len())].trim_end().to_owned());
            }
        }
    }
    found
}

#[test]
fn every_command_line_that_is_printed_is_taken() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    texts(root, &mut files);
    // What is a command line and what is a sentence, only pages and the program's own words can tell.
    let prints = |path: &PathBuf| {
        path.extension().is_some_and(|kind| kind == "md") || path.starts_with(root.join("cli/src"))
    };
    let mut count = 0;
    let mut refused = Vec::new();
    for path in files.iter().filter(|path| prints(path)) {
        for line in printed(&std::fs::read_to_string(path).unwrap()) {
            let line = line.replace("{number}", "S1");
            count += 1;
            if let Err(error) = Cli::try_parse_from(line.split_whitespace()) {
                refused.push(format!("{}: {line}: {error}", path.display()));
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
    assert!(count >= 15, "only {count} command lines were found");
}
