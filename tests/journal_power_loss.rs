//! The power goes: whatever part of the last write reached the disk, the journal opens, or is refused with its path
//! and the remedy, and no order that had been accepted before that write is forgotten.
#![allow(missing_docs)]

mod journal_support;

use std::path::{Path, PathBuf};

use ecrhub::journal::{Entry, Filter, Journal, Reader, SqliteJournal};
use ecrhub::{Outcome, Status};
use journal_support::*;

const SECTOR: usize = 512;
const PAGE: usize = 4_096;

fn open(path: &Path) -> ecrhub::Result<SqliteJournal> {
    SqliteJournal::open(path, 400, NOW_MS)
}

/// What is on the disk of a machine: the file and its log.
#[derive(Clone, PartialEq)]
struct Disk {
    file: Vec<u8>,
    log: Vec<u8>,
}

impl Disk {
    fn of(path: &Path) -> Disk {
        let read = |suffix| std::fs::read(beside(path, suffix)).unwrap_or_default();
        Disk { file: read(""), log: read("-wal") }
    }

    /// The machine after it was switched on again.
    fn put(&self, folder: &Folder) -> PathBuf {
        let path = folder.file("after.db");
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(beside(&path, suffix));
        }
        std::fs::write(&path, &self.file).unwrap();
        if !self.log.is_empty() {
            std::fs::write(beside(&path, "-wal"), &self.log).unwrap();
        }
        path
    }
}

fn listed(path: &Path) -> Vec<Entry> {
    Reader::open(path).unwrap().list(&Filter::default()).unwrap()
}

/// Where two contents differ: from, to.
fn changed(before: &[u8], after: &[u8]) -> (usize, usize) {
    let same = |at: usize| before.get(at) == after.get(at);
    let from = (0..after.len()).find(|at| !same(*at)).unwrap_or(after.len());
    let to = (from..after.len()).rev().find(|at| !same(*at)).map_or(from, |at| at + 1);
    (from, to)
}

/// Every place worth cutting at: each frame's and page's edge, each sector's, and a byte to either side.
fn cuts(from: usize, to: usize) -> Vec<usize> {
    let mut cuts = vec![from, from + 1, to - 1];
    let frames = (0..).map(|n| 32 + n * (24 + PAGE)).take_while(|at| *at < to);
    let edges = frames.flat_map(|at| [at, at + 8, at + 24, at + 24 + PAGE / 2]);
    cuts.extend(edges.flat_map(|at| [at - 1, at, at + 1]));
    cuts.extend((0..to).step_by(SECTOR));
    cuts.retain(|at| (from..to).contains(at));
    cuts.sort_unstable();
    cuts.dedup();
    cuts
}

/// The last write as it may have got stuck: all there up to a place, then nothing, zeros, rubbish or what was there before;
/// or all there but for one sector.
fn torn(before: &[u8], after: &[u8]) -> Vec<(String, Vec<u8>)> {
    let (from, to) = changed(before, after);
    let mut variants = Vec::new();
    let mut add = |what: String, edit: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = after.to_vec();
        edit(&mut bytes);
        variants.push((what, bytes));
    };
    for at in cuts(from, to) {
        if before.len() <= at {
            add(format!("ends at {at}"), &|bytes| bytes.truncate(at));
        }
        add(format!("zeros from {at}"), &|bytes| bytes[at..to].fill(0));
        add(format!("rubbish from {at}"), &|bytes| rubbish(&mut bytes[at..to]));
        add(format!("old from {at}"), &|bytes| restore(bytes, before, at, to));
        let sector = (at, (at + SECTOR).min(to));
        add(format!("zeros in the sector at {at}"), &|bytes| bytes[sector.0..sector.1].fill(0));
        add(format!("the old sector at {at}"), &|bytes| restore(bytes, before, sector.0, sector.1));
    }
    variants
}

fn rubbish(bytes: &mut [u8]) {
    let mut state = 0x9E37_79B9_u32;
    for byte in bytes {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        *byte = (state >> 24) as u8;
    }
}

fn restore(bytes: &mut [u8], before: &[u8], from: usize, to: usize) {
    for (at, byte) in bytes.iter_mut().enumerate().take(to).skip(from) {
        *byte = before.get(at).copied().unwrap_or(0);
    }
}

/// Tears the last write in every way, and compares what is then known with what was known before and after it.
fn survives(path: &Path, journal: &SqliteJournal, write: impl FnOnce(&SqliteJournal)) -> usize {
    let (disk_before, before) = (Disk::of(path), listed(path));
    write(journal);
    let (disk_after, after) = (Disk::of(path), listed(path));
    assert!(before != after);
    assert!(disk_before.file == disk_after.file, "the write went to the log");
    let variants = torn(&disk_before.log, &disk_after.log);
    let folder = Folder::new();
    let mut fulfilled = 0;
    for (what, log) in &variants {
        let torn = Disk { log: log.clone(), ..disk_after.clone() };
        let path = torn.put(&folder);
        let opened = open(&path).unwrap_or_else(|error| panic!("{what}: {error}"));
        let known = listed(&path);
        assert!(known == before || known == after, "{what}: neither before nor after");
        fulfilled += usize::from(known == after);
        begin(&opened, "next", "NEXT").unwrap_or_else(|error| panic!("{what}: {error}"));
    }
    assert!(fulfilled < variants.len(), "no variant did any harm");
    variants.len()
}

#[test]
fn the_power_goes_while_an_order_is_written_down() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = open(&path).unwrap();
    let first = survives(&path, &journal, |journal| begin(journal, "r0", "A0").unwrap());
    for n in 1..30 {
        begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
    }
    let later = survives(&path, &journal, |journal| begin(journal, "last", "LAST").unwrap());
    println!("{} torn logs", first + later);
}

#[test]
fn the_power_goes_while_an_outcome_is_written_down() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = open(&path).unwrap();
    for n in 0..10 {
        begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
    }
    survives(&path, &journal, |journal| journal.settle("r5", &ended(Outcome::Unknown)).unwrap());
    survives(&path, &journal, |journal| {
        journal.clarify("r5", Outcome::Unknown, &ended(Outcome::Approved)).unwrap()
    });
    survives(&path, &journal, |journal| acknowledge(journal, "r5", Outcome::Approved, NOW_MS));
}

#[test]
fn the_power_goes_while_the_log_is_used_a_second_time() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = open(&path).unwrap();
    for n in 0..20 {
        begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
    }
    // What is in the file is not needed in the log: the next write begins at its front, over the old ones.
    let other = rusqlite::Connection::open(&path).unwrap();
    other.query_row("PRAGMA wal_checkpoint", [], |_| Ok(())).unwrap();
    let before = Disk::of(&path).log;
    survives(&path, &journal, |journal| begin(journal, "over", "OVER").unwrap());
    let after = Disk::of(&path).log;
    assert!(
        before.len() == after.len() && before[..32] != after[..32],
        "the log was not begun anew"
    );
    survives(&path, &journal, |journal| begin(journal, "last", "LAST").unwrap());
}

#[test]
fn the_power_goes_while_the_log_is_brought_into_the_file() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    for n in 0..40 {
        let journal = open(&path).unwrap();
        begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
    }
    let journal = open(&path).unwrap();
    for n in 0..40 {
        begin(&journal, &format!("x{n}"), &format!("X{n}")).unwrap();
        journal.settle(&format!("r{n}"), &ended(Outcome::Approved)).unwrap();
    }
    let (before, orders) = (Disk::of(&path), listed(&path));
    drop(journal);
    let after = Disk::of(&path);
    assert!(after.log.is_empty() && after.file != before.file);

    // The log is on the disk in full before the file is touched; of the file's pages any may be torn, and the file short.
    let place = Folder::new();
    let mut whole = 0;
    for page in (0..after.file.len()).step_by(PAGE) {
        let old = before.file.get(page..page + PAGE);
        if old == Some(&after.file[page..page + PAGE]) {
            continue;
        }
        let mut ways: Vec<Vec<u8>> = Vec::new();
        for damage in
            [|bytes: &mut [u8]| bytes.fill(0), rubbish, |bytes: &mut [u8]| bytes[SECTOR..].fill(0)]
        {
            for file in [&before.file, &after.file] {
                let mut file = file.clone();
                file.resize(file.len().max(page + PAGE), 0);
                damage(&mut file[page..page + PAGE]);
                ways.push(file);
            }
        }
        ways.push([&after.file[..page], before.file.get(page..).unwrap_or_default()].concat());
        for file in ways {
            let path = Disk { file, log: before.log.clone() }.put(&place);
            let opened =
                open(&path).unwrap_or_else(|error| panic!("page {}: {error}", page / PAGE));
            assert!(listed(&path) == orders, "page {}", page / PAGE);
            drop(opened);
            assert!(listed(&path) == orders, "page {}, after it was mended", page / PAGE);
            whole += 1;
        }
    }
    assert!(whole > 50, "{whole}");
}

#[test]
fn the_power_goes_while_a_journal_is_begun() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    drop(open(&path).unwrap());
    let new = Disk::of(&path).file;
    let place = Folder::new();
    let mut refusals = 0;
    for length in (0..new.len()).step_by(SECTOR).chain([1, 15, 16, 99, 100, 101]) {
        let path = Disk { file: new[..length].to_vec(), log: Vec::new() }.put(&place);
        match open(&path) {
            Ok(journal) => begin(&journal, "r1", "A1").unwrap(),
            Err(error) => {
                assert_eq!(error.status(), Status::Journal);
                assert!(error.message().contains(path.to_str().unwrap()), "{error}");
                assert!(
                    error.message().contains("aside") || error.message().contains("another file"),
                    "{error}"
                );
                refusals += 1;
            }
        }
    }
    assert!(refusals > 0, "only an empty file is a new one");
}

#[test]
fn a_journal_that_was_never_finished_is_begun_anew() {
    // SQLite keeps a way back beside the file until the first tables are on the disk.
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    let database = rusqlite::Connection::open(&path).unwrap();
    database
        .execute_batch(
            "PRAGMA cache_size = 1; BEGIN IMMEDIATE; PRAGMA application_id = 1162039882;",
        )
        .unwrap();
    for n in 0..200 {
        database.execute_batch(&format!("CREATE TABLE t{n} (a, b, c)")).unwrap();
    }
    database.cache_flush().unwrap();
    for suffix in ["", "-journal"] {
        std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    assert!(
        copy.metadata().unwrap().len() > 0
            && beside(&copy, "-journal").metadata().unwrap().len() > 0
    );
    let journal = open(&copy).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    assert_eq!(open_ids(&journal), ["r1"]);
}

/// Not a power loss but a bad disk: any page of a closed journal is lost.
#[test]
fn whatever_page_is_lost_the_journal_is_refused_or_tells_nothing_false() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    {
        let journal = open(&path).unwrap();
        for n in 0..60 {
            begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
        }
    }
    let (good, orders) = (Disk::of(&path), listed(&path));
    let place = Folder::new();
    let mut refusals = 0;
    let pages = good.file.len() / PAGE;
    for page in 0..pages {
        for damage in [
            |bytes: &mut [u8]| bytes.fill(0),
            rubbish,
            |bytes: &mut [u8]| bytes[..SECTOR].fill(0xFF),
        ] {
            let mut bad = good.clone();
            damage(&mut bad.file[page * PAGE..(page + 1) * PAGE]);
            let path = bad.put(&place);
            match open(&path) {
                Ok(journal) => assert!(journal.open(TILL).unwrap() == orders, "page {page}"),
                Err(error) => {
                    assert!(error.message().contains(path.to_str().unwrap()), "{error}");
                    assert!(error.message().contains("aside"), "{error}");
                    assert!(std::fs::read(&path).unwrap() == bad.file, "the file was changed");
                    refusals += 1;
                }
            }
        }
    }
    assert!(refusals > 2 * pages, "{refusals} of {} were noticed", 3 * pages);
}
