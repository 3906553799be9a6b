//! One process owns a journal at a time, and dying in any way gives it back.
#![allow(missing_docs)]

mod journal_support;

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Barrier};

use ecrhub::journal::{Filter, Journal, Reader, SqliteJournal};
use ecrhub::{Outcome, Status};
use journal_support::*;

const PATH: &str = "ECRHUB_TEST_JOURNAL";

fn open(path: impl AsRef<Path>) -> ecrhub::Result<SqliteJournal> {
    SqliteJournal::open(path, 400, NOW_MS)
}

/// Another process, running one of the tests below that do nothing unless asked this way.
struct Other {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Other {
    fn start(role: &str, path: &Path) -> Other {
        Other::start_by(Command::new(std::env::current_exe().unwrap()), role, path)
    }

    fn start_by(mut command: Command, role: &str, path: &Path) -> Other {
        let mut child = command
            .args(["--exact", role, "--nocapture"])
            .env(PATH, path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Other { child, said }
    }

    fn hear(&mut self, word: &str) -> String {
        let said = self.said.by_ref().map(Result::unwrap).find(|line| line.contains(word));
        said.unwrap_or_else(|| panic!("the other process never said {word:?}"))
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn release(mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

fn wait_for_the_end_of_input() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

#[test]
fn role_holder() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let journal = open(path).unwrap();
    begin(&journal, "theirs", "A1").unwrap();
    println!("\nowned");
    wait_for_the_end_of_input();
}

#[test]
fn role_writer() {
    let Some(path) = std::env::var_os(PATH) else {
        return;
    };
    let journal = open(path).unwrap();
    for n in 0.. {
        let id = format!("{}-{n}", std::process::id());
        begin(&journal, &id, &id).unwrap();
        println!("\nbegun {id}");
        journal.settle(&id, &ended(Outcome::Approved)).unwrap();
        println!("settled {id}");
    }
}

#[test]
fn role_browser() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let browser = rusqlite::Connection::open(path).unwrap();
    browser.query_row("SELECT count(*) FROM orders", [], |_| Ok(())).unwrap();
    println!("\nseen");
}

#[test]
fn a_database_browser_that_comes_and_goes_does_not_take_the_log_along() {
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    let journal = open(&path).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    let mut other = Other::start("role_browser", &path);
    other.hear("seen");
    other.release();
    assert!(beside(&path, "-wal").exists(), "the browser took itself for the last one");
    begin(&journal, "r2", "A2").unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    assert_eq!(open_ids(&open(&copy).unwrap()), ["r1", "r2"]);
}

/// On Unix a process loses its locks on a file when it closes any descriptor of it. SQLite takes care, so all else must:
/// without its locks, another program's SQLite would take the log away from under the owner.
#[cfg(target_os = "linux")]
#[test]
fn looking_at_a_journal_does_not_cost_its_owner_the_locks() {
    use std::os::unix::fs::MetadataExt;
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = open(&path).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    let inode = format!(":{} ", std::fs::metadata(&path).unwrap().ino());
    let process = format!(" {} ", std::process::id());
    let is_locked = || {
        let all = std::fs::read_to_string("/proc/locks").unwrap();
        let mut sqlites = all.lines().filter(|line| line.contains("POSIX"));
        sqlites.any(|line| line.contains(&inode) && line.contains(&process))
    };
    // The list may skip a line while other locks come and go; one that is lost never comes back.
    let keeps = || (0..100).any(|_| is_locked());
    assert!(keeps());
    let reader = Reader::open(&path).unwrap();
    assert!(keeps(), "a reader");
    assert_eq!(reader.list(&Filter::default()).unwrap().len(), 1);
    drop(reader);
    assert!(keeps(), "a reader that is gone");
    let reader = Reader::open(&path).unwrap();
    drop(journal);
    let journal = open(&path).unwrap();
    assert!(keeps(), "an owner before, while there was a reader");
    drop(reader);
    assert!(keeps(), "the reader of the owner before");
    assert!(ecrhub::journal::resolve(&path, "r1", Outcome::Approved, None, NOW_MS).is_err());
    assert!(open(&path).is_err());
    assert!(SqliteJournal::open_shared(&path, 400, NOW_MS).is_err());
    assert!(keeps(), "refused openings");
    drop(std::fs::File::open(&path).unwrap());
    assert!(!keeps(), "this test notices nothing");
    drop(journal);
}

#[test]
fn a_second_process_is_refused_until_the_first_is_done() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let mut other = Other::start("role_holder", &path);
    other.hear("owned");
    let error = open(&path).unwrap_err();
    assert_eq!(error.status(), Status::Journal);
    let pid = other.child.id();
    for word in [path.to_str().unwrap(), &format!("process {pid}"), "End that process"] {
        assert!(error.message().contains(word) || cfg!(windows), "{word:?} is not in: {error}");
    }
    assert!(SqliteJournal::open_shared(&path, 400, NOW_MS).is_err());
    let reader = Reader::open(&path).unwrap();
    assert_eq!(
        ids(&reader.list(&Filter::default()).unwrap()),
        ["theirs"],
        "reading needs no ownership"
    );
    other.release();
    assert_eq!(open_ids(&open(&path).unwrap()), ["theirs"]);
}

#[test]
fn a_killed_process_owns_nothing_and_its_orders_are_there() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let mut other = Other::start("role_holder", &path);
    other.hear("owned");
    other.kill();
    assert_eq!(open_ids(&open(&path).unwrap()), ["theirs"]);
}

#[test]
fn whatever_moment_a_process_is_killed_what_it_was_told_is_on_disk_is_there() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    for round in 0..8_u32 {
        let mut other = Other::start("role_writer", &path);
        other.hear("begun");
        for _ in 0..round * 7 {
            other.said.next().unwrap().unwrap();
        }
        other.kill();
        let journal = open(&path).unwrap();
        // The pipe still holds what it said before the end.
        let mut told = 0;
        for line in other.said.map_while(Result::ok) {
            if let Some(id) = line.strip_prefix("begun ") {
                assert_eq!(get(&journal, id).merchant_order_no, id);
                told += 1;
            } else if let Some(id) = line.strip_prefix("settled ") {
                assert_eq!(get(&journal, id).outcome, Some(Outcome::Approved));
                told += 1;
            }
        }
        println!("round {round}: {told} lines were still to be heard");
    }
}

#[test]
fn the_same_process_owns_it_once_under_whatever_spelling() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("sub")).unwrap();
    let path = folder.file("orders.db");
    let crooked = folder.path().join("sub").join("..").join(".").join("orders.db");
    let journal = open(&path).unwrap();
    for spelling in [&path, &crooked] {
        let error = open(spelling).unwrap_err();
        assert!(error.message().contains("this process"), "{error}");
        assert!(SqliteJournal::open_shared(spelling, 400, NOW_MS).is_err());
    }
    drop(journal);
    let journal = open(&crooked).unwrap();
    assert!(open(&path).is_err());
    drop(journal);
    open(&path).unwrap();
}

#[cfg(unix)]
#[test]
fn a_link_to_the_directory_leads_to_the_same_journal() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("real")).unwrap();
    std::os::unix::fs::symlink(folder.file("real"), folder.file("link")).unwrap();
    let (path, link) =
        (folder.file("real").join("orders.db"), folder.file("link").join("orders.db"));
    let one = SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap();
    let two = SqliteJournal::open_shared(&link, 400, NOW_MS).unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    assert_eq!(two.path(), path.to_str().unwrap());
    drop((one, two));
    let mut other = Other::start("role_holder", &link);
    other.hear("owned");
    assert!(open(&path).is_err());
    other.kill();
}

#[cfg(unix)]
#[test]
fn the_files_are_private_whatever_the_umask_is() {
    use std::os::unix::fs::MetadataExt;
    for umask in ["0000", "0022", "0777"] {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", &format!("umask {umask} && exec \"$0\" \"$@\"")]);
        shell.arg(std::env::current_exe().unwrap());
        let mut other = Other::start_by(shell, "role_holder", &path);
        other.hear("owned");
        for suffix in ["", "-wal", "-shm", ".lock"] {
            let mode = beside(&path, suffix).metadata().unwrap().mode();
            assert_eq!(mode & 0o7777, 0o600, "umask {umask}, {suffix:?}");
        }
        other.release();
    }
}

/// Neither the name nor the `.lock` beside it is the file: a second owner would write into the first one's pages.
#[cfg(target_os = "linux")]
#[test]
fn a_journal_that_was_renamed_while_it_was_open_has_no_second_owner() {
    let folder = Folder::new();
    let (path, moved) = (folder.file("orders.db"), folder.file("moved.db"));
    let mut other = Other::start("role_holder", &path);
    other.hear("owned");
    std::fs::rename(&path, &moved).unwrap();
    let error = open(&moved).unwrap_err();
    let pid = format!("in use by process {}", other.child.id());
    assert!(error.message().contains(&pid), "{error}");
    other.kill();
    drop(open(&moved).unwrap());

    let ours = SqliteJournal::open_shared(&moved, 400, NOW_MS).unwrap();
    std::fs::rename(&moved, &path).unwrap();
    let error = SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap_err();
    assert!(error.message().contains("in use by this process"), "{error}");
    drop(ours);
    open(&path).unwrap();
}

/// Without its `.lock`, too.
#[cfg(target_os = "linux")]
#[test]
fn a_journal_whose_lock_was_removed_while_it_was_open_has_no_second_owner() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let mut other = Other::start("role_holder", &path);
    other.hear("owned");
    std::fs::remove_file(beside(&path, ".lock")).unwrap();
    assert!(open(&path).is_err());
    other.kill();
    open(&path).unwrap();
}

#[test]
fn role_locker() {
    let Some(path) = std::env::var_os(PATH) else { return };
    let file = std::fs::File::open(path).unwrap();
    file.lock_shared().unwrap();
    println!("\nlocked");
    wait_for_the_end_of_input();
}

/// The `.lock` has the number of the process that had the journal last; it is not that one.
#[cfg(target_os = "linux")]
#[test]
fn who_holds_the_lock_without_being_an_owner_is_named() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    drop(open(&path).unwrap());
    for file in [beside(&path, ".lock"), path.clone()] {
        let mut other = Other::start("role_locker", &file);
        other.hear("locked");
        let error = open(&path).unwrap_err();
        for word in [&format!("in use by process {}", other.child.id()), "End that process"] {
            assert!(error.message().contains(word), "{word:?} is not in: {error}");
        }
        other.release();
    }
    open(&path).unwrap();
}

#[test]
fn terminals_of_one_process_share_a_journal_and_the_last_one_closes_it() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let one = SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap();
    let two = SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap();
    assert!(Arc::ptr_eq(&one, &two));
    assert!(open(&path).is_err(), "nobody has it alone meanwhile");
    drop(one);
    begin(&*two, "r1", "A1").unwrap();
    drop(two);
    assert!(!beside(&path, "-wal").exists(), "closed, and all is in the one file");
    assert_eq!(open_ids(&*SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap()), ["r1"]);
    open(&path).unwrap();
}

#[test]
fn opening_and_closing_from_many_threads_never_refuses_and_never_loses() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let start = Barrier::new(8);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (path, start) = (&path, &start);
            scope.spawn(move || {
                start.wait();
                for n in 0..25 {
                    let journal = SqliteJournal::open_shared(path, 400, NOW_MS).unwrap();
                    let id = format!("r{thread}-{n}");
                    begin(&*journal, &id, &id).unwrap();
                }
            });
        }
    });
    assert_eq!(open_ids(&open(&path).unwrap()).len(), 200);
}

#[test]
fn a_refused_opening_leaves_the_path_free() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    std::fs::write(&path, "no journal, whatever it says").unwrap();
    assert!(open(&path).is_err());
    assert!(SqliteJournal::open_shared(&path, 400, NOW_MS).is_err());
    std::fs::remove_file(&path).unwrap();
    open(&path).unwrap();
}

#[cfg(unix)]
mod fork {
    use super::*;

    /// What the child found, as the number it ends with; `after` runs in the parent meanwhile.
    #[allow(unsafe_code)]
    fn in_a_child(look: impl FnOnce() -> bool) -> bool {
        // SAFETY: the child calls nothing but `look` and ends at once; this process has no other thread that runs.
        let child = unsafe { libc::fork() };
        assert!(child >= 0);
        if child == 0 {
            let fine =
                std::panic::catch_unwind(std::panic::AssertUnwindSafe(look)).unwrap_or(false);
            // SAFETY: ends the child without running what belongs to the parent.
            unsafe { libc::_exit(i32::from(!fine)) };
        }
        let mut status = -1;
        // SAFETY: `status` lives for the call.
        unsafe { libc::waitpid(child, &mut status, 0) };
        status == 0
    }

    #[test]
    fn role_parent() {
        let Some(path) = std::env::var_os(PATH) else {
            return;
        };
        let mut journal = Some(open(&path).unwrap());
        begin(journal.as_ref().unwrap(), "r1", "A1").unwrap();
        let fine = in_a_child(|| {
            let inherited = journal.take().unwrap();
            let refused = |status| status == Status::Forked;
            let fine = refused(inherited.find("r1").unwrap_err().status())
                && refused(begin(&inherited, "r2", "A2").unwrap_err().status())
                && refused(open(&path).unwrap_err().status());
            drop(inherited);
            fine && open(&path).is_err()
        });
        assert!(fine);
        println!("\nchild is done");
        wait_for_the_end_of_input();
        let journal = journal.unwrap();
        begin(&journal, "r3", "A3").unwrap();
        assert_eq!(open_ids(&journal), ["r1", "r3"]);
    }

    #[test]
    fn a_forked_child_is_refused_and_leaves_its_parents_journal_alone() {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let mut other = Other::start("fork::role_parent", &path);
        other.hear("child is done");
        assert!(open(&path).is_err(), "the parent owns it still");
        other.release();
        assert_eq!(open_ids(&open(&path).unwrap()), ["r1", "r3"]);
    }
}
