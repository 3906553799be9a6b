//! The fuzz targets' corpora, played once: what was found stays mended. `make fuzz` looks for more; see docs/fuzzing.md.
#![allow(missing_docs)]

use std::path::{Path, PathBuf};

use ecrhub_fuzz_targets::{TARGETS, digest};

/// A target's corpus, which must not be empty.
fn corpus(name: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn play(name: &str) {
    let (_, run) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    for file in corpus(name) {
        let data = std::fs::read(&file).expect("a file of the corpus");
        println!("{}", file.display());
        run(&data);
    }
}

macro_rules! corpora {
    ($($name:ident),*) => {$(
        #[test]
        fn $name() {
            play(stringify!($name));
        }
    )*

        #[test]
        fn every_target_has_its_test() {
            let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

corpora!(session, requests, configs, masking, journals, answers);

/// What a reader in another language is compared with: the .NET package's. `UPDATE_EXPECTED=1` writes it anew.
#[test]
fn what_is_read_from_the_answers_is_what_is_expected() {
    let digests = corpus("answers").into_iter().map(|file| {
        let name = file.file_name().expect("a file's name").to_string_lossy().into_owned();
        let data = std::fs::read(&file).expect("a file of the corpus");
        format!("{name} {}\n", digest::of_object(&data))
    });
    let found: String = digests.collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/expected/answers.txt");
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        std::fs::write(&path, &found).expect("it can be written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "run UPDATE_EXPECTED=1 cargo test --test fuzz_corpora");
}
