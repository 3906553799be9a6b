//! The names of the statuses as C texts, made from [`Status::name`] by the compiler.

use std::ffi::CStr;

use crate::error::Status;

const WIDTH: usize = 32;

static NAMES: [[u8; WIDTH]; Status::ALL.len()] = {
    let mut names = [[0; WIDTH]; Status::ALL.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = ended_by_nul(Status::ALL[i].name());
        i += 1;
    }
    names
};

/// The name of a status, or of there being none.
pub(super) fn status_name(status: i32) -> &'static CStr {
    let index = Status::ALL.iter().position(|known| known.code() == status);
    let name = index.and_then(|index| CStr::from_bytes_until_nul(&NAMES[index]).ok());
    name.unwrap_or(c"ECRHUB_UNKNOWN_STATUS")
}

const fn ended_by_nul(name: &str) -> [u8; WIDTH] {
    assert!(name.len() < WIDTH, "a NUL must fit behind the name");
    let mut text = [0; WIDTH];
    let mut i = 0;
    while i < name.len() {
        text[i] = name.as_bytes()[i];
        i += 1;
    }
    text
}
