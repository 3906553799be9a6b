//! A journal that is damaged or too short is refused, and stays as it is; with the right one back, the till goes on.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::stage::{Before, Desk, Played, Props, Stage};
use crate::strike::Scene;
use crate::verdict::Disk;

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// The journal and its log, if there is anything in it. The log's index is made anew each time.
fn files(desk: &Desk<'_, '_>) -> Files {
    let journal = desk.journal();
    let log = journal.with_extension("db-wal");
    let read = |path: PathBuf| std::fs::read(&path).ok().map(|bytes| (path, bytes));
    let is_there = |(path, bytes): &(PathBuf, Vec<u8>)| *path == journal || !bytes.is_empty();
    [journal.clone(), log].into_iter().filter_map(read).filter(is_there).collect()
}

fn put(desk: &Desk<'_, '_>, wanted: &Files) {
    for path in files(desk).keys().filter(|path| !wanted.contains_key(*path)) {
        std::fs::remove_file(path).unwrap();
    }
    wanted.iter().for_each(|(path, bytes)| std::fs::write(path, bytes).unwrap());
}

/// The file's bytes after some damage.
type Damage = (&'static str, fn(&mut Vec<u8>));

/// To a journal that was closed in order: nothing is left that could mend it.
const OF_A_CLOSED_ONE: [Damage; 6] = [
    ("cut in the middle of a page", |bytes| bytes.truncate(bytes.len() - 2_000)),
    ("cut between two pages", |bytes| bytes.truncate(bytes.len() - 4_096)),
    ("cut inside its head", |bytes| bytes.truncate(60)),
    ("without a head", |bytes| bytes[..16].fill(0)),
    ("with a page of zeros", |bytes| bytes[4_096..8_192].fill(0)),
    ("with a page of rubbish", |bytes| bytes[8_192..12_288].fill(0xa5)),
];

/// To one whose till was killed: its log holds the newest orders.
const OF_AN_OPEN_ONE: [Damage; 2] =
    [("emptied", |bytes| bytes.clear()), ("cut inside its head", |bytes| bytes.truncate(60))];

/// Three tries, each refused because of the journal, and no order.
fn is_refused(desk: &mut Desk<'_, '_>, what: &str) {
    let before = (files(desk), desk.record());
    desk.must_end(Before::Nothing, "sell", &["00"]).unwrap();
    let record = desk.record();
    let lines: Vec<&str> = record[before.1.len()..].lines().skip(1).collect();
    assert_eq!(lines, ["C -9", "C -9", "C -9", "E"], "{what}");
    assert!(files(desk) == before.0, "{what}: the files were changed");
}

fn damage(desk: &mut Desk<'_, '_>, kinds: &[Damage]) {
    let good = files(desk);
    let journal: &Path = &desk.journal();
    for (what, harm) in kinds {
        let mut bad = good.clone();
        harm(bad.get_mut(journal).unwrap());
        put(desk, &bad);
        is_refused(desk, what);
    }
    put(desk, &good);
    desk.must_end(Before::Nothing, "heal", &["00"]).unwrap();
    let mut played = Played::default();
    desk.judge(Disk::Fails, &mut played);
    assert!(played.faults.is_empty(), "{:?}", played.faults);
}

#[test]
fn a_damaged_or_short_journal_is_refused_and_stays_as_it_is() {
    let props = Props::new("damage");
    let mut stage = Stage::new(&props, "D");
    let mut closed = stage.desk();
    closed.must_end(Before::Nothing, "heal", Scene::Sales.sells()).unwrap();
    damage(&mut closed, &OF_A_CLOSED_ONE);
    let mut open = stage.desk();
    open.set(Scene::Left).unwrap();
    damage(&mut open, &OF_AN_OPEN_ONE);
    drop(stage);
    props.clear();
}
