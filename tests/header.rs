//! The committed C header is what cbindgen makes of the sources, compiles everywhere without a warning, and says what
//! the library says.
// With the system's C compilers and its tools for shared libraries.
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::Command;

use ecrhub::{EventKind, Fault, Outcome, Stage, Status};
use support::{Build, root};

fn generated() -> String {
    let config = cbindgen::Config::from_file(root().join("cbindgen.toml")).unwrap();
    let mut text = Vec::new();
    cbindgen::Builder::new()
        .with_config(config)
        .with_src(root().join("src/ffi/constants.rs"))
        .with_src(root().join("src/ffi/exports.rs"))
        .with_src(root().join("src/ffi/json.rs"))
        .generate()
        .expect("cbindgen reads the sources")
        .write(&mut text);
    String::from_utf8(text).unwrap()
}

fn committed() -> String {
    std::fs::read_to_string(root().join("include/ecrhub.h")).unwrap()
}

/// `UPDATE_HEADER=1 cargo test --test header` writes it.
#[test]
fn the_committed_header_is_up_to_date() {
    let (path, fresh) = (root().join("include/ecrhub.h"), generated());
    if std::env::var_os("UPDATE_HEADER").is_some() {
        std::fs::write(&path, &fresh).unwrap();
    }
    let differing = committed().lines().zip(fresh.lines()).position(|(old, new)| old != new);
    assert!(
        committed() == fresh,
        "include/ecrhub.h differs from the sources from line {:?} on; UPDATE_HEADER=1 cargo test --test header",
        differing.map(|line| line + 1)
    );
}

/// Compiles `source` with every warning an error.
fn compiles(compiler: &str, standard: &str, source: &Path) {
    let out =
        Build::scratch(&format!("header-{standard}-{}.o", source.file_stem().unwrap().display()));
    let mut command = Command::new(compiler);
    command.args([&format!("-std={standard}"), "-Wall", "-Wextra", "-Wpedantic", "-Werror", "-c"]);
    if standard == "c89" {
        // uint64_t is the system's affair; C89 itself has no 64-bit type.
        command.arg("-Wno-long-long");
    }
    command.arg("-I").arg(root().join("include")).arg(source).arg("-o").arg(out);
    support::succeeds(&mut command);
}

#[test]
fn the_header_compiles_as_c_and_as_cpp_without_a_warning() {
    let (c, cpp) = (Build::scratch("header.c"), Build::scratch("header.cpp"));
    // Twice, and used: the guard, and every declaration.
    let text = "#include <ecrhub.h>\n#include <ecrhub.h>\nint main(void)\n{\n    ecrhub_log_fn none = 0;\n    \
                return ecrhub_set_log(none, 0, ECRHUB_LOG_OFF) == ECRHUB_OK ? 0 : ECRHUB_ERR_INTERNAL;\n}\n";
    std::fs::write(&c, text).unwrap();
    std::fs::write(&cpp, text).unwrap();
    ["c89", "c99", "c11", "c17"].iter().for_each(|standard| compiles("cc", standard, &c));
    ["c++11", "c++17", "c++20"].iter().for_each(|standard| compiles("c++", standard, &cpp));
}

#[test]
fn the_cpp_header_compiles_without_a_warning() {
    let source = Build::scratch("wrapper.cpp");
    std::fs::write(&source, "#include <ecrhub.hpp>\n#include <ecrhub.hpp>\nint main() {}\n")
        .unwrap();
    ["c++17", "c++20"].iter().for_each(|standard| compiles("c++", standard, &source));
}

#[test]
fn the_first_chapters_program_compiles() {
    let header = committed();
    let start = header.find(" *     #include <ecrhub.h>").expect("the program in GETTING STARTED");
    let program: String = header[start..]
        .lines()
        .take_while(|line| line.starts_with(" *     ") || *line == " *")
        .map(|line| line.get(7..).unwrap_or_default().to_owned() + "\n")
        .collect();
    assert!(program.lines().count() <= 24, "short enough to be read first");
    let source = Build::scratch("getting_started.c");
    std::fs::write(&source, program).unwrap();
    compiles("cc", "c89", &source);
}

/// The values of the header's macros whose names begin with `prefix`.
fn macros(prefix: &str) -> Vec<(String, String)> {
    let header = committed();
    let defines = header.lines().filter_map(|line| line.strip_prefix("#define ")?.split_once(' '));
    defines
        .filter(|(name, _)| name.starts_with(prefix))
        .map(|(name, value)| (name.to_owned(), value.trim_matches('"').to_owned()))
        .collect()
}

#[test]
fn the_headers_statuses_are_the_librarys() {
    let mut known = macros("ECRHUB_ERR_");
    known.extend(
        ["ECRHUB_OK", "ECRHUB_TIMEOUT", "ECRHUB_INTERRUPTED", "ECRHUB_OUTDATED", "ECRHUB_NOTHING"]
            .iter()
            .flat_map(|name| macros(name)),
    );
    known.sort();
    let mut statuses =
        Status::ALL.map(|status| (status.name().to_owned(), status.code().to_string()));
    statuses.sort();
    assert_eq!(known, statuses);
}

fn as_macros(prefix: &str, words: &[&str]) -> Vec<(String, String)> {
    words
        .iter()
        .map(|word| (prefix.to_owned() + &word.to_uppercase(), (*word).to_owned()))
        .collect()
}

#[test]
fn the_headers_outcomes_are_the_librarys() {
    assert_eq!(
        macros("ECRHUB_OUTCOME_"),
        as_macros("ECRHUB_OUTCOME_", &Outcome::ALL.map(Outcome::name))
    );
}

#[test]
fn the_headers_events_are_the_librarys() {
    let fault = || Fault::new(Status::Terminal, Stage::Connect, "");
    let clarified = ecrhub::Clarified {
        request_id: String::new(),
        merchant_order_no: None,
        outcome: Outcome::Ok,
        was: Outcome::Ok,
        differs: Vec::new(),
        second_look: false,
        description: None,
        response: None,
        retold: false,
    };
    let completed = ecrhub::Completed {
        request_id: String::new(),
        topic: String::new(),
        merchant_order_no: None,
        outcome: Outcome::Ok,
        differs: Vec::new(),
        second_look: false,
        description: None,
        sent: ecrhub::Sent::No,
        response: None,
        error: None,
        recovered: false,
        retold: false,
        elapsed_ms: 0,
    };
    let all = [
        EventKind::Connected { url: String::new() },
        EventKind::Disconnected { error: fault(), retry_in_ms: 0 },
        EventKind::Completed(completed),
        EventKind::Recovering {
            request_id: String::new(),
            merchant_order_no: None,
            reason: String::new(),
        },
        EventKind::Clarified(clarified),
        EventKind::Message { message: String::new(), late_for: None },
        EventKind::ProtocolError { detail: String::new(), raw: String::new() },
    ];
    assert_eq!(
        macros("ECRHUB_EVENT_"),
        as_macros("ECRHUB_EVENT_", &all.each_ref().map(EventKind::name))
    );
}

#[test]
fn the_library_exports_the_headers_functions_and_nothing_else() {
    let header = committed();
    let mut declared: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '*']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.split([' ', '*']).next_back())
        .collect();
    declared.sort_unstable();
    assert_eq!(declared.len(), 22, "{declared:?}");
    assert_eq!(support::exported_symbols(), declared);
}

#[test]
fn the_librarys_soname_is_versioned() {
    let library = support::library();
    let dynamic = support::succeeds(Command::new("readelf").arg("-d").arg(library));
    assert!(dynamic.contains("soname: [libecrhub.so.1]"), "{dynamic}");
}
