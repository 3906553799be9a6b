//! One process owns a journal at a time.

#![forbid(unsafe_code)]

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

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
}

impl Drop for Owner {
    fn drop(&mut self) {
        // Closing is not enough: a process that was being started meanwhile may hold a copy of the descriptor.
        let _ = self.file.unlock();
    }
}

impl Owner {
    /// Takes the ownership of the journal at `path`, which must come from [`locate`].
    pub(super) fn acquire(path: &Path) -> Result<Owner> {
        let lock = beside(path, ".lock");
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock)
            .map_err(|error| {
                let shown = lock.display();
                refused(
                    path,
                    format!(
                        "cannot be owned: {shown} could not be opened: {error}; let this program's user write the directory"
                    ),
                )
            })?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(owned(path, &mut file)),
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
        // Only for the message above: a full disk must not keep the journal shut.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Owner { file })
    }
}

fn owned(path: &Path, file: &mut File) -> Error {
    let mut text = String::new();
    // Windows lets nobody read a locked file: the message then names no process.
    let _ = file.rewind().and_then(|()| file.take(32).read_to_string(&mut text));
    let who = match text.trim().parse::<u32>() {
        Ok(pid) if pid == std::process::id() => "this process already".to_owned(),
        Ok(pid) => format!("process {pid}, or a process forked from it"),
        Err(_) => "another process".to_owned(),
    };
    refused(
        path,
        format!(
            "is in use by {who}; one process owns a journal at a time. End that process, or give this one a journal of its own"
        ),
    )
}

/// The one name a journal's file has, whatever spelling or link led to it; the file need not exist yet.
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
    let full = match std::fs::canonicalize(path) {
        Ok(full) => full,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => locate_new(path)?,
        Err(error) => return Err(refused(path, format!("could not be found: {error}"))),
    };
    if let Ok(found) = std::fs::metadata(&full)
        && !found.is_file()
    {
        let kind = if found.is_dir() { "a directory" } else { "no regular file" };
        return Err(refused(path, format!("is {kind}; name a file")));
    }
    Ok(plain(full))
}

fn locate_new(path: &Path) -> Result<PathBuf> {
    if path.is_symlink() {
        return Err(refused(
            path,
            "is a link to a file that does not exist; name that file, or create it empty",
        ));
    }
    let name = path.file_name().ok_or_else(|| refused(path, "names no file"))?;
    let parent = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
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
