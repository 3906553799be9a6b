//! Whose the files are: for their owner alone, under one name each, and never what a link leads to.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::process::Command;

use super::*;

const SUFFIXES: [&str; 4] = ["", "-wal", "-shm", ".lock"];
const NOBODY: u32 = 65_534;

fn open(path: impl AsRef<Path>) -> ecrhub::Result<SqliteJournal> {
    SqliteJournal::open(path, 400, NOW_MS)
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().mode() & 0o7777
}

fn let_everyone_read(path: &Path) {
    std::fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
}

fn is_root(folder: &Folder) -> bool {
    folder.path().metadata().unwrap().uid() == 0
}

/// A journal as a crash leaves it: with its log, and with orders that are in nothing else.
fn crashed(path: &Path) {
    let folder = Folder::new();
    let source = folder.file("orders.db");
    let journal = open(&source).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    for suffix in ["", "-wal", "-shm"] {
        std::fs::copy(beside(&source, suffix), beside(path, suffix)).unwrap();
    }
}

#[test]
fn all_files_are_for_their_owner_alone() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let journal = open(&path).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    assert_eq!(SUFFIXES.map(|suffix| mode(&beside(&path, suffix))), [0o600; 4]);
}

#[test]
fn files_that_others_may_read_are_taken_from_them() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    crashed(&path);
    std::fs::write(beside(&path, ".lock"), "4711\n").unwrap();
    SUFFIXES.iter().for_each(|suffix| let_everyone_read(&beside(&path, suffix)));
    let journal = open(&path).unwrap();
    assert_eq!(SUFFIXES.map(|suffix| mode(&beside(&path, suffix))), [0o600; 4]);
    assert_eq!(open_ids(&journal), ["r1"]);
    drop(journal);

    let empty = folder.file("empty.db");
    std::fs::write(&empty, "").unwrap();
    let_everyone_read(&empty);
    let _journal = open(&empty).unwrap();
    assert_eq!(SUFFIXES.map(|suffix| mode(&beside(&empty, suffix))), [0o600; 4]);
}

#[test]
fn a_file_that_is_refused_keeps_its_permissions() {
    let folder = Folder::new();
    let path = folder.file("notes.txt");
    std::fs::write(&path, "shopping list\n".repeat(1_000)).unwrap();
    let_everyone_read(&path);
    refused(open(&path), Status::Journal, &["another program's"]);
    assert_eq!(mode(&path), 0o644);
}

/// Who may open the lock may hold it, and keep the till from selling.
#[test]
fn another_user_can_open_none_of_the_files() {
    let folder = Folder::new();
    if !is_root(&folder) {
        // The modes say it, and no other user can be played.
        return all_files_are_for_their_owner_alone();
    }
    let path = folder.file("orders.db");
    let _journal = open(&path).unwrap();
    let other = folder.file("other");
    std::fs::write(&other, "").unwrap();
    let_everyone_read(&other);
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).unwrap();
    let can_open = |file: &Path| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", ": < \"$0\""]).arg(file).uid(NOBODY).gid(NOBODY);
        shell.output().unwrap().status.success()
    };
    assert!(can_open(&other), "this test notices nothing");
    for suffix in SUFFIXES {
        assert!(!can_open(&beside(&path, suffix)), "{suffix:?}");
    }
}

#[test]
fn a_file_of_another_user_is_refused_and_says_whose_it_is() {
    let folder = Folder::new();
    if !is_root(&folder) {
        return refused(
            open("/etc/passwd"),
            Status::Journal,
            &["belongs to user 0", "run it as that user"],
        );
    }
    for suffix in SUFFIXES {
        let path = folder.file(&format!("orders{suffix}.db"));
        crashed(&path);
        std::fs::write(beside(&path, ".lock"), "").unwrap();
        chown(beside(&path, suffix), Some(NOBODY), None).unwrap();
        let file = beside(&path, suffix);
        let words = [
            file.to_str().unwrap(),
            "belongs to user 65534",
            "runs as user 0",
            "run it as that user",
        ];
        refused(open(&path), Status::Journal, &words);
        chown(&file, Some(0), None).unwrap();
        open(&path).unwrap();
    }
}

#[test]
fn no_link_is_followed_and_nothing_that_one_leads_to_is_changed() {
    for suffix in [&SUFFIXES[..], &["-journal"]].concat() {
        let folder = Folder::new();
        let (path, target) = (folder.file("orders.db"), folder.file("precious"));
        if !suffix.is_empty() {
            drop(open(&path).unwrap());
            let _ = std::fs::remove_file(beside(&path, suffix));
        }
        std::fs::write(&target, "precious\n").unwrap();
        symlink(&target, beside(&path, suffix)).unwrap();
        refused(open(&path), Status::Journal, &["symbolic link", target.to_str().unwrap()]);
        assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious\n", "{suffix:?}");
    }
}

#[test]
fn a_journal_is_not_reached_through_a_link_but_its_directory_is() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("real")).unwrap();
    let path = folder.file("real").join("orders.db");
    begin(&open(&path).unwrap(), "r1", "A1").unwrap();
    symlink(&path, folder.file("link.db")).unwrap();
    let words = ["symbolic link", path.to_str().unwrap(), "name the file itself"];
    refused(open(folder.file("link.db")), Status::Journal, &words);
    refused(Reader::open(folder.file("link.db")), Status::Journal, &words);
    symlink(folder.file("real"), folder.file("way")).unwrap();
    let journal = open(folder.file("way").join("orders.db")).unwrap();
    assert_eq!(journal.path(), path.to_str().unwrap());
    assert_eq!(open_ids(&journal), ["r1"]);
}

#[test]
fn a_lock_that_holds_something_else_is_left_as_it_is() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let lock = beside(&path, ".lock");
    for text in ["precious\n", "1234567890123\n", "\u{1F512}"] {
        std::fs::write(&lock, text).unwrap();
        refused(open(&path), Status::Journal, &[lock.to_str().unwrap(), "something else", "aside"]);
        assert_eq!(std::fs::read_to_string(&lock).unwrap(), text);
    }
    for of_ours in ["", "4711\n", "4294967295\n"] {
        std::fs::write(&lock, of_ours).unwrap();
        drop(open(&path).unwrap());
        let signed = std::fs::read_to_string(&lock).unwrap();
        assert_eq!(signed.trim(), std::process::id().to_string());
    }
}

#[test]
fn a_file_with_a_second_name_is_refused_under_both() {
    let folder = Folder::new();
    let (path, second) = (folder.file("orders.db"), folder.file("second.db"));
    drop(open(&path).unwrap());
    std::fs::hard_link(&path, &second).unwrap();
    for name in [&path, &second] {
        refused(
            open(name),
            Status::Journal,
            &[name.to_str().unwrap(), "hard link", "remove the other name"],
        );
        refused(Reader::open(name), Status::Journal, &["hard link"]);
    }
    std::fs::remove_file(&path).unwrap();
    open(&second).unwrap();
}

#[test]
fn a_lock_with_a_second_name_is_refused() {
    let folder = Folder::new();
    let (path, target) = (folder.file("orders.db"), folder.file("12"));
    std::fs::write(&target, "12").unwrap();
    std::fs::hard_link(&target, beside(&path, ".lock")).unwrap();
    refused(open(&path), Status::Journal, &["orders.db.lock", "hard link"]);
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "12");
}

#[test]
fn a_second_name_made_while_it_is_open_gives_no_second_owner() {
    let folder = Folder::new();
    let (path, second) = (folder.file("orders.db"), folder.file("second.db"));
    let journal = SqliteJournal::open_shared(&path, 400, NOW_MS).unwrap();
    std::fs::hard_link(&path, &second).unwrap();
    refused(SqliteJournal::open_shared(&second, 400, NOW_MS), Status::Journal, &["hard link"]);
    begin(&*journal, "r1", "A1").unwrap();
}

/// What the till has open while its file is taken away takes no order, and everything else goes on.
#[track_caller]
fn refuses_orders(journal: &dyn Journal, file: &Path) {
    let words =
        [file.to_str().unwrap(), "takes no order", "Put the file back", "look up on the terminal"];
    refused(begin(journal, "r2", "A2"), Status::Journal, &words);
    assert!(journal.find("r2").unwrap().is_none(), "nothing was written");
}

#[test]
fn a_journal_whose_file_is_gone_or_another_one_refuses_the_next_order() {
    for suffix in ["", "-wal"] {
        let folder = Folder::new();
        let (path, aside) = (folder.file("orders.db"), folder.file("aside"));
        let journal = open(&path).unwrap();
        begin(&journal, "r1", "A1").unwrap();
        let file = beside(&path, suffix);

        std::fs::rename(&file, &aside).unwrap();
        refuses_orders(&journal, &file);
        std::fs::copy(&aside, &file).unwrap();
        refuses_orders(&journal, &file);
        std::fs::remove_file(&file).unwrap();
        symlink(&aside, &file).unwrap();
        refuses_orders(&journal, &file);
        journal.settle("r1", &ended(Outcome::Approved)).unwrap();

        std::fs::rename(&aside, &file).unwrap();
        begin(&journal, "r2", "A2").unwrap();
        std::fs::remove_file(&file).unwrap();
        refused(begin(&journal, "r3", "A3"), Status::Journal, &["removed"]);
    }
}

#[test]
fn a_journal_that_was_put_in_the_place_of_an_open_one_is_left_alone() {
    let folder = Folder::new();
    let (path, other) = (folder.file("orders.db"), folder.file("other.db"));
    let journal = open(&path).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    begin(&open(&other).unwrap(), "theirs", "A2").unwrap();
    std::fs::rename(&other, &path).unwrap();
    let before = std::fs::read(&path).unwrap();
    assert!(begin(&journal, "r3", "A3").is_err());
    drop(journal);
    assert!(std::fs::read(&path).unwrap() == before);
}
