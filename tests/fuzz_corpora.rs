//! The fuzz targets' corpora, played once: what was found stays mended. `make fuzz` looks for more; see docs/fuzzing.md.
#![allow(missing_docs)]

use std::path::Path;

use ecrhub_fuzz_targets::TARGETS;

/// Each target plays its corpus, which must not be empty.
fn play(name: &str) {
    let (_, run) = TARGETS.iter().find(|(target, _)| *target == name).expect("a target");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a file").path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    for file in files {
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
