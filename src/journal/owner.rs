//! One process owns a journal at a time.

#![forbid(unsafe_code)]

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::files;
use super::schema::beside;
use super::trouble::refused;
use crate::error::{Error, Result, Status};

/// The ownership of a journal, until it is dropped or the process ends in whatever way.
///
/// An operating system's lock on a file beside the journal: the system gives it back when a process is killed, so
/// there is never a stale one to remove. A forked child that opens the journal is refused while its parent lives.
/// The file itself stays: removing it would let two owners lock two files of the same name.
#[derive(Debug)]
pub(super) struct Owner {
    file: File,
    #[cfg(target_os = "linux")]
    held: Option<super::hold::Use>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        #[cfg(target_os = "linux")]
        drop(self.held.take());
        // Closing is not enough: a process that was being started meanwhile may hold a copy of the descriptor.
        let _ = self.file.unlock();
    }
}

impl Owner {
    /// Takes the ownership of the journal at `path`, which must come from [`locate`].
    pub(super) fn acquire(path: &Path) -> Result<Owner> {
        let lock = beside(path, ".lock");
        let mut file = files::open_lock(path, &lock)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(path, holder(&mut file))),
            Err(TryLockError::Error(error)) => {
                return Err(refused(
                    path,
                    format!(
                        "cannot be owned: {} could not be locked: {error}; put the journal on a local disk",
                        lock.display()
                    ),
                ));
            }
        }
        if let Err(error) = sign(&mut file) {
            // Only for the message above: a full disk must not keep the journal shut.
            if error.kind() == ErrorKind::InvalidData {
                let shown = lock.display();
                return Err(refused(
                    path,
                    format!("cannot be owned: {shown} holds something else; move it aside"),
                ));
            }
        }
        Ok(Owner {
            file,
            #[cfg(target_os = "linux")]
            held: None,
        })
    }

    /// Extends the ownership to the journal's file, under whatever name another process may reach it.
    pub(super) fn hold(&mut self, path: &Path) -> Result<()> {
        #[cfg(target_os = "linux")]
        {
            self.held = Some(super::hold::Use::own(path)?);
        }
        #[cfg(not(target_os = "linux"))]
        let _ = path;
        Ok(())
    }
}

/// The length of what is written to a `.lock`; each replaces the one before, so that nothing is ever cut off.
const SIGNED_BYTES: u64 = 11;

/// Writes down which process has the lock; `InvalidData`, and nothing written, where there is more than that.
fn sign(file: &mut File) -> io::Result<()> {
    let mut found = Vec::new();
    file.take(SIGNED_BYTES + 1).read_to_end(&mut found)?;
    let is_signature = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_whitespace();
    if found.len() as u64 > SIGNED_BYTES || !found.iter().all(is_signature) {
        return Err(ErrorKind::InvalidData.into());
    }
    file.rewind()?;
    file.write_all(format!("{:<10}\n", std::process::id()).as_bytes())
}

/// The process that has the lock. Windows lets nobody read a locked file: there it is not known.
fn holder(file: &mut File) -> Option<u32> {
    #[cfg(target_os = "linux")]
    if let Ok(found) = file.metadata()
        && let Some(pid) = super::hold::holder(files::Identity::of(&found))
    {
        return Some(pid);
    }
    let mut text = String::new();
    file.rewind().and_then(|()| file.take(SIGNED_BYTES).read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}

pub(super) fn in_use(path: &Path, holder: Option<u32>) -> Error {
    let who = match holder {
        Some(pid) if pid == std::process::id() => "this process already".to_owned(),
        Some(pid) => format!("process {pid}, or a process forked from it"),
        None => "another process".to_owned(),
    };
    refused(
        path,
        format!(
            "is in use by {who}; one process owns a journal at a time. End that process, or give this one a journal of its own"
        ),
    )
}

/// The one name a journal's file has, whatever spelling, or links to its directory, led to it; the file need not exist yet.
pub(super) fn locate(path: &Path) -> Result<PathBuf> {
    if path.as_os_str().is_empty() {
        return Err(Error::new(Status::Journal, "the journal's path is empty; name a file"));
    }
    if path.to_str().is_none_or(|text| text.contains('\0')) {
        return Err(refused(
            path,
            "has a name that is not UTF-8, or holds a NUL; name another file",
        ));
    }
    let full = match std::fs::symlink_metadata(path) {
        Ok(_) => locate_known(path),
        Err(error) if error.kind() == ErrorKind::NotFound => return locate_new(path).map(plain),
        Err(error) => Err(error),
    };
    let full = plain(full.map_err(|error| refused(path, format!("could not be found: {error}")))?);
    files::must_be_regular(&full)?;
    Ok(full)
}

/// Directories may be reached by links, the file may not. Windows alone has several spellings of one name.
fn locate_known(path: &Path) -> io::Result<PathBuf> {
    match path.file_name() {
        Some(name) if cfg!(unix) || path.is_symlink() => {
            Ok(directory_of(path).canonicalize()?.join(name))
        }
        _ => path.canonicalize(),
    }
}

fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn locate_new(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| refused(path, "names no file"))?;
    let parent = directory_of(path);
    match std::fs::canonicalize(parent) {
        Ok(parent) if parent.is_dir() => Ok(parent.join(name)),
        Ok(_) => {
            Err(refused(path, format!("cannot be created: {} is no directory", parent.display())))
        }
        Err(error) => Err(refused(
            path,
            format!(
                "cannot be created: its directory {} could not be found ({error}); create it first",
                parent.display()
            ),
        )),
    }
}

/// Windows' own spelling of a full path, `\\?\C:\...`, is not one a person or SQLite's file name rules expect.
pub(super) fn plain(path: PathBuf) -> PathBuf {
    match path.to_str() {
        Some(text) if cfg!(windows) => match text.strip_prefix(r"\\?\") {
            Some(share) if share.starts_with(r"UNC\") => {
                PathBuf::from(format!(r"\\{}", &share[4..]))
            }
            Some(drive) => PathBuf::from(drive),
            None => path,
        },
        _ => path,
    }
}

/// Makes a new file's name as durable as its content.
pub(super) fn sync_directory(path: &Path) -> Result<()> {
    // Windows has no such call for directories; NTFS logs names by itself.
    if cfg!(unix)
        && let Some(parent) = path.parent()
    {
        File::open(parent).and_then(|directory| directory.sync_all()).map_err(|error| {
            refused(
                path,
                format!("could not be created: its directory could not be synced: {error}"),
            )
        })?;
    }
    Ok(())
}
