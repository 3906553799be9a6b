//! What the file does with other files and with trouble.

use super::*;

fn open(path: impl AsRef<Path>) -> ecrhub::Result<SqliteJournal> {
    SqliteJournal::open(path, 400, NOW_MS)
}

fn filled(path: &Path) {
    let journal = open(path).unwrap();
    for n in 0..50 {
        begin(&journal, &format!("r{n}"), &format!("A{n}")).unwrap();
    }
}

/// Refused in these words, and not one byte changed.
#[track_caller]
fn left_alone(path: &Path, words: &[&str]) {
    let before = std::fs::read(path).unwrap();
    let shown = path.to_str().unwrap();
    refused(open(path), Status::Journal, &[&[shown], words].concat());
    refused(Reader::open(path), Status::Journal, &[&[shown], words].concat());
    assert!(std::fs::read(path).unwrap() == before, "the file was changed");
}

#[test]
fn a_missing_and_an_empty_file_become_a_new_journal() {
    let folder = Folder::new();
    begin(&open(folder.file("new.db")).unwrap(), "r1", "A1").unwrap();
    std::fs::write(folder.file("empty.db"), "").unwrap();
    begin(&open(folder.file("empty.db")).unwrap(), "r1", "A1").unwrap();
    assert_eq!(open_ids(&open(folder.file("empty.db")).unwrap()), ["r1"]);
}

#[test]
fn what_is_no_journal_is_refused_and_left_alone() {
    let folder = Folder::new();
    let text = folder.file("notes.txt");
    std::fs::write(&text, "shopping list\n".repeat(1_000)).unwrap();
    left_alone(&text, &["aside", "another program's"]);

    let foreign = folder.file("browser.db");
    let database = rusqlite::Connection::open(&foreign).unwrap();
    database.execute_batch("CREATE TABLE history (url TEXT)").unwrap();
    drop(database);
    left_alone(&foreign, &["another program's"]);
}

#[test]
fn a_journal_of_a_newer_version_is_refused_naming_both_versions() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    filled(&path);
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 7).unwrap();
    // Also where the version is still in the log only.
    let _ = std::fs::remove_file(beside(&path, "-wal"));
    left_alone(&path, &["version 7", "up to 2", "Update ecrhub"]);
}

#[test]
fn a_newer_version_is_noticed_while_it_is_in_the_log_only() {
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    filled(&path);
    let database = rusqlite::Connection::open(&path).unwrap();
    database.pragma_update(None, "user_version", 7).unwrap();
    for suffix in ["", "-wal"] {
        std::fs::copy(beside(&path, suffix), beside(&copy, suffix)).unwrap();
    }
    refused(open(&copy), Status::Journal, &["version 7", "up to 2"]);
}

#[test]
fn places_where_no_journal_can_be_are_refused_with_the_reason() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file("directory")).unwrap();
    refused(open(folder.file("directory")), Status::Journal, &["directory", "name a file"]);
    let missing = folder.file("missing").join("orders.db");
    refused(open(missing), Status::Journal, &["could not be found", "create it first"]);
    std::fs::write(folder.file("file"), "x").unwrap();
    let under_a_file = folder.file("file").join("orders.db");
    refused(open(under_a_file), Status::Journal, &["orders.db"]);
    refused(open(""), Status::Journal, &["empty"]);
    refused(open(".."), Status::Journal, &["directory"]);
    refused(open("a\0b"), Status::Journal, &["NUL"]);
    std::fs::create_dir(folder.file("locked.db.lock")).unwrap();
    refused(open(folder.file("locked.db")), Status::Journal, &["locked.db.lock"]);
    assert!(!folder.file("locked.db").exists(), "nothing was created");
}

#[cfg(target_os = "linux")]
#[test]
fn devices_links_to_nowhere_and_directories_that_cannot_be_written_are_refused() {
    let folder = Folder::new();
    refused(open("/dev/null"), Status::Journal, &["no regular file"]);
    refused(
        open("/proc/orders.db"),
        Status::Journal,
        &["/proc/orders.db.lock", "could not be opened"],
    );
    std::os::unix::fs::symlink(folder.file("nowhere"), folder.file("link")).unwrap();
    refused(open(folder.file("link")), Status::Journal, &["symbolic link", "nowhere"]);
}

#[test]
fn names_with_spaces_and_signs_are_names() {
    let folder = Folder::new();
    for name in ["a b?mode=memory#x%41é.db", ":memory:", "file:x?mode=memory"] {
        if cfg!(windows) && name.contains([':', '?']) {
            continue;
        }
        let path = folder.file(name);
        filled(&path);
        assert!(path.metadata().unwrap().len() > 0, "{name}");
        assert_eq!(Reader::open(&path).unwrap().list(&Filter::default()).unwrap().len(), 50);
    }
}

#[test]
fn a_damaged_file_is_refused_with_what_to_do_and_left_alone() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    filled(&path);
    let good = std::fs::read(&path).unwrap();
    let words = ["is damaged", "-wal", "aside", "looked up on the terminal"];

    let mut torn = good.clone();
    torn[..16].fill(0);
    std::fs::write(&path, &torn).unwrap();
    left_alone(&path, &words);

    // The head of the table's second page: not seen until someone reads there, but for the check.
    let mut torn = good.clone();
    torn[2 * 4_096..2 * 4_096 + 64].fill(0xA5);
    std::fs::write(&path, &torn).unwrap();
    refused(open(&path), Status::Journal, &words);
    assert!(std::fs::read(&path).unwrap() == torn, "the file was changed");

    std::fs::write(&path, &good[..good.len() / 2]).unwrap();
    refused(open(&path), Status::Journal, &words);
    std::fs::write(&path, &good).unwrap();
    assert_eq!(open_ids(&open(&path).unwrap()).len(), 50, "the file was good");
}

/// A journal whose process died, with its log, and the first page of its table damaged.
#[test]
fn a_damaged_file_and_its_log_are_left_alone() {
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    filled(&path);
    let journal = open(&path).unwrap();
    begin(&journal, "late", "L1").unwrap();
    let mut file = std::fs::read(&path).unwrap();
    let log = std::fs::read(beside(&path, "-wal")).unwrap();
    assert!(!log.is_empty());
    file[6 * 4_096..7 * 4_096].fill(0);
    std::fs::write(&copy, &file).unwrap();
    std::fs::write(beside(&copy, "-wal"), &log).unwrap();
    refused(open(&copy), Status::Journal, &["is damaged", "Nothing was written to it"]);
    assert!(std::fs::read(&copy).unwrap() == file, "the file was changed");
    assert!(std::fs::read(beside(&copy, "-wal")).unwrap() == log, "the log was changed");
}

#[test]
fn an_older_journal_that_is_damaged_is_left_as_it_was() {
    let folder = Folder::new();
    let path = folder.file("orders.db");
    let version_1 = include_str!("version_1.sql").replace("meta (key TEXT", "meta (kez TEXT");
    rusqlite::Connection::open(&path).unwrap().execute_batch(&version_1).unwrap();
    let before = std::fs::read(&path).unwrap();
    refused(open(&path), Status::Journal, &["is damaged", "Nothing was written to it"]);
    assert!(std::fs::read(&path).unwrap() == before, "the file was changed");
}

#[test]
fn an_order_or_an_answer_that_cannot_be_read_is_damage_and_names_the_file() {
    for (request, response, words) in [
        ("{\"topic\"", "{}", "the order \"r1\" cannot be read"),
        ("{}", r#"{"response"code":"000"}"#, "the answer to \"r1\" cannot be read"),
    ] {
        let folder = Folder::new();
        let path = folder.file("orders.db");
        let journal = open(&path).unwrap();
        let order = NewOrder {
            request_id: "r1",
            merchant_order_no: "A1",
            terminal: TILL,
            request,
            answer_within_ms: 180_000,
            at_ms: NOW_MS,
        };
        journal.begin(&order).unwrap();
        let settlement = Settlement { response: Some(response), ..ended(Outcome::Unknown) };
        journal.settle("r1", &settlement).unwrap();
        let shown = path.to_string_lossy().into_owned();
        let books = ecrhub::internals::Books::new(std::sync::Arc::new(journal), TILL);
        let restored = books.restore(NOW_MS).map(|_| ());
        refused(restored, Status::Journal, &[&shown, "is damaged", words, "aside"]);
    }
}

#[test]
fn a_lone_log_is_never_thrown_away() {
    let folder = Folder::new();
    let (path, copy) = (folder.file("orders.db"), folder.file("copy.db"));
    let journal = open(&path).unwrap();
    begin(&journal, "r1", "A1").unwrap();
    std::fs::copy(beside(&path, "-wal"), beside(&copy, "-wal")).unwrap();
    refused(open(&copy), Status::Journal, &["missing or empty", "aside"]);
    std::fs::write(&copy, "").unwrap();
    refused(open(&copy), Status::Journal, &["missing or empty", "aside"]);
    assert_eq!(
        std::fs::metadata(beside(&copy, "-wal")).unwrap().len(),
        std::fs::metadata(beside(&path, "-wal")).unwrap().len()
    );
}
