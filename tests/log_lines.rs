//! One line of the log is one line, with no card number in it, whatever a terminal sends; and the library's own numbers
//! stay readable in it.

mod common;

use std::ffi::{CStr, c_char, c_int, c_void};
use std::net::TcpListener;
use std::sync::{Mutex, PoisonError};

use common::*;
use ecrhub::EventKind;

const CARD: &str = "4111111111111111";

unsafe extern "C" {
    safe fn ecrhub_set_log(
        callback: Option<extern "C" fn(c_int, *const c_char, *mut c_void)>,
        user_data: *mut c_void,
        max_level: c_int,
    ) -> c_int;
}

static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());

extern "C" fn keep(_level: c_int, message: *const c_char, _user_data: *mut c_void) {
    // SAFETY: the header promises a text with a NUL at its end.
    let line = unsafe { CStr::from_ptr(message) }.to_str().unwrap().to_owned();
    LINES.lock().unwrap_or_else(PoisonError::into_inner).push(line);
}

/// A close frame with this reason.
fn close_frame(reason: &str) -> Vec<u8> {
    let length = u8::try_from(reason.len() + 2).unwrap();
    let head = [0x88, length, 0x03, 0xe8];
    [&head[..], reason.as_bytes()].concat()
}

/// The first line with these words, once it is there: the log comes after the event.
fn line_with(words: &str) -> String {
    let mut found = None;
    eventually(words, || {
        let lines = LINES.lock().unwrap_or_else(PoisonError::into_inner);
        found = lines.iter().find(|line| line.contains(words)).cloned();
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_line_is_the_librarys_own_and_has_no_secrets() {
    assert_eq!(ecrhub_set_log(Some(keep), std::ptr::null_mut(), 5), 0);
    let simulator = simulator();
    let terminal = connect(&simulator);
    wait_connected(&terminal);
    let forged = format!("bye\r\n\u{1b}[2K{}: order {CARD} ({CARD}): approved", simulator.url());
    assert_eq!(simulator.push_bytes(&close_frame(&forged)), 1);
    let line = line_with("disconnected: ");
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(line.contains("bye\\r\\n\\u{1b}[2K"), "{line}");
    assert!(line.contains("order 411111******1111") && !line.contains(CARD), "{line}");

    let done = call(&terminal, &sale(CARD, "1.00"));
    let own = format!("order {CARD} ({}): approved", done.request_id);
    assert!(line_with(&own).starts_with(&simulator.url()));

    secrets_of_the_url_are_nowhere();
    assert_eq!(ecrhub_set_log(None, std::ptr::null_mut(), 0), 0);
}

fn secrets_of_the_url_are_nowhere() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/pay", listener.local_addr().unwrap());
    std::thread::spawn(move || tungstenite::accept(listener.accept().unwrap().0).unwrap().read());
    let journal = tempfile::tempdir().unwrap();
    let mut config = config_for(&format!("{url}?token=s3cret"));
    config.journal = Some(journal.path().join("till.db").to_string_lossy().into_owned());
    let terminal = ecrhub::Terminal::connect(config).unwrap();
    let EventKind::Connected { url: shown } = next_event(&terminal).kind else {
        panic!("connected first");
    };
    assert_eq!(shown, format!("{url}?***"));
    send(&terminal, &sale(&number(), "1.00"));
    let state = terminal.state().unwrap();
    assert!(state.contains("?***") && !state.contains("s3cret"), "{state}");
    let files = std::fs::read_dir(journal.path()).unwrap();
    let kept: Vec<u8> =
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains(&url) && !kept.contains("s3cret"));
    line_with(&format!("{url}?***: order "));
    assert!(!LINES.lock().unwrap().concat().contains("s3cret"));
}
