//! Every language's binding does the same: the scenarios of `conformance.json`, played in C, C++, Python and C#.
//!
//! One terminal in software for each scenario, one runner program for each language; `play` hands it the steps one by
//! one and compares what comes back. `ONLY="words of a scenario's name"` plays just those.
#![cfg(target_os = "linux")]

mod drift;
mod languages;
mod list;
mod matching;
mod play;
mod runner;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Mutex;

use languages::Language;

/// Scenarios that are played at the same time: most of them wait more than they work.
const AT_ONCE: usize = 4;

/// Plays every scenario in one language, and names all that go wrong.
fn conforms(language: &Language) {
    let only = std::env::var("ONLY").unwrap_or_default();
    let chosen = list::scenarios().into_iter().filter(|scenario| scenario.name.contains(&only));
    let waiting = Mutex::new(chosen.collect::<Vec<_>>());
    let (played, wrong) = (Mutex::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().pop();
                    let Some(scenario) = next else { return };
                    if let Err(why) = play::play(&scenario, language) {
                        wrong.lock().unwrap().push(format!("\"{}\": {why}", scenario.name));
                    }
                    *played.lock().unwrap() += 1;
                }
            });
        }
    });
    let (played, wrong) = (played.into_inner().unwrap(), wrong.into_inner().unwrap());
    assert!(played > 0, "no scenario is called {only:?}");
    assert!(
        wrong.is_empty(),
        "{} of {played} scenarios differ in {}:\n\n{}",
        wrong.len(),
        language.name,
        wrong.join("\n\n")
    );
    println!("{}: {played} scenarios agree", language.name);
}

#[test]
fn c_conforms() {
    conforms(&languages::c());
}

#[test]
fn cpp_conforms() {
    conforms(&languages::cpp());
}

#[test]
fn python_conforms() {
    conforms(&languages::python());
}

#[test]
fn csharp_conforms_on_mono() {
    conforms(&languages::csharp_on_mono());
}

#[test]
fn csharp_conforms_on_dotnet() {
    conforms(&languages::csharp_on_dotnet());
}
