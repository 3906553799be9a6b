//! What the journal's files must be: regular, under one name each, no links, and nobody else's to read or to lock.
//!
//! A file that SQLite has open is looked at by its name, or through SQLite: on Unix a process that closes any
//! descriptor of a file loses all its locks on it.

#![forbid(unsafe_code)]

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::Path;

use super::schema::beside;
use super::trouble::refused;
use crate::error::{Error, Result};

/// What SQLite keeps: the journal, its log, the log's index, and what undoes a change of version.
const KEPT_BY_SQLITE: [&str; 4] = ["", "-wal", "-shm", "-journal"];

/// Refuses what is no regular file, or has a second name. Nothing is opened, and nothing need exist.
pub(super) fn must_be_regular(journal: &Path) -> Result<()> {
    KEPT_BY_SQLITE.iter().try_for_each(|suffix| look(journal, &beside(journal, suffix)).map(drop))
}

/// Refuses files of another user: who owns a file decides who may lock it.
pub(super) fn must_be_own(journal: &Path) -> Result<()> {
    for suffix in KEPT_BY_SQLITE {
        let file = beside(journal, suffix);
        if let Some(found) = look(journal, &file)? {
            must_belong_to_this_user(journal, &file, &found)?;
        }
    }
    Ok(())
}

/// Creates the journal's file where there is none, and takes from all other users what they may do with those that
/// exist. SQLite gives each file that it creates beside the journal the journal's permissions.
pub(super) fn make_private(journal: &Path) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    match open_private(&mut options, journal) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => {
            return Err(refused(
                journal,
                format!(
                    "could not be created: {error}; let this program's user write the directory"
                ),
            ));
        }
    }
    for suffix in KEPT_BY_SQLITE {
        let file = beside(journal, suffix);
        if let Some(found) = look(journal, &file)? {
            restrict(journal, &file, &found)?;
        }
    }
    Ok(())
}

/// Opens the file that the ownership hangs on, and creates it where there is none.
pub(super) fn open_lock(journal: &Path, lock: &Path) -> Result<File> {
    look(journal, lock)?;
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    let file = open_private(&mut options, lock).map_err(|error| {
        unusable(
            journal,
            lock,
            format!(
                "could not be opened: {error}; let this program's user write it and its directory"
            ),
        )
    })?;
    let found = file.metadata().map_err(|error| unusable(journal, lock, error))?;
    judge(journal, lock, &found)?;
    must_belong_to_this_user(journal, lock, &found)?;
    set_private(&file).map_err(|error| {
        unusable(journal, lock, format!("may be locked by other users, and remains so: {error}"))
    })?;
    Ok(file)
}

/// What a name leads to, if to anything; links are not followed.
fn look(journal: &Path, file: &Path) -> Result<Option<Metadata>> {
    match std::fs::symlink_metadata(file) {
        Ok(found) => judge(journal, file, &found).map(|()| Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unusable(journal, file, format!("could not be found: {error}"))),
    }
}

fn judge(journal: &Path, file: &Path, found: &Metadata) -> Result<()> {
    if found.is_symlink() {
        let target = std::fs::read_link(file).unwrap_or_default();
        return Err(unusable(
            journal,
            file,
            format!(
                "is a symbolic link to {}, and links are not followed; name the file itself, or remove the link",
                target.display()
            ),
        ));
    }
    if !found.is_file() {
        let kind = if found.is_dir() { "a directory" } else { "no regular file" };
        return Err(unusable(journal, file, format!("is {kind}; name a file")));
    }
    #[cfg(unix)]
    if std::os::unix::fs::MetadataExt::nlink(found) > 1 {
        return Err(unusable(
            journal,
            file,
            "has a second name (a hard link), and each name would have newest orders of its own; remove the other \
             name, or name a copy",
        ));
    }
    Ok(())
}

fn unusable(journal: &Path, file: &Path, what: impl std::fmt::Display) -> Error {
    if file == journal {
        return refused(journal, what);
    }
    refused(journal, format!("cannot be used: {} {what}", file.display()))
}

/// Opens a file for this user alone, and never what a link leads to.
fn open_private(options: &mut OpenOptions, file: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(PRIVATE).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK);
    }
    let file = options.open(file)?;
    set_private(&file)?;
    Ok(file)
}

#[cfg(target_os = "linux")]
pub(super) use unix::Identity;
#[cfg(unix)]
pub(super) use unix::Named;
#[cfg(unix)]
use unix::{PRIVATE, must_belong_to_this_user, restrict, set_private};
#[cfg(windows)]
pub(super) use windows::Named;
#[cfg(windows)]
use windows::{must_belong_to_this_user, restrict, set_private};

#[cfg(unix)]
mod unix {
    use std::fs::Permissions;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::path::PathBuf;

    use super::super::trouble::displaced;
    use super::*;
    use crate::process;

    pub(super) const PRIVATE: u32 = 0o600;

    pub(super) fn must_belong_to_this_user(
        journal: &Path,
        file: &Path,
        found: &Metadata,
    ) -> Result<()> {
        let (owner, user) = (found.uid(), process::user());
        if owner == user {
            return Ok(());
        }
        Err(unusable(
            journal,
            file,
            format!(
                "belongs to user {owner}, and this program runs as user {user}; run it as that user, or give the \
                 journal's files to user {user}"
            ),
        ))
    }

    /// Where the umask took something away, or the file had more.
    pub(super) fn set_private(file: &File) -> io::Result<()> {
        match file.metadata()?.mode() & 0o7777 {
            PRIVATE => Ok(()),
            _ => file.set_permissions(Permissions::from_mode(PRIVATE)),
        }
    }

    /// Takes the permissions of others from a file that SQLite may have open. One that its owner may only read stays so.
    pub(super) fn restrict(journal: &Path, file: &Path, found: &Metadata) -> Result<()> {
        let mode = found.mode() & PRIVATE;
        if found.mode() & 0o7777 == mode {
            return Ok(());
        }
        let remedy = "remove what other users may do with it (chmod 600), and put it where files have permissions";
        change_mode(file, mode).map_err(|error| {
            unusable(
                journal,
                file,
                format!("is open to other users, and remains so: {error}; {remedy}"),
            )
        })?;
        match look(journal, file)? {
            Some(found) if found.mode() & 0o7777 != mode => Err(unusable(
                journal,
                file,
                format!("is open to other users, and remains so; {remedy}"),
            )),
            _ => Ok(()),
        }
    }

    /// Through a descriptor that can do nothing but name the file (`O_PATH`): closing it costs nobody a lock, and no
    /// link is followed.
    #[cfg(target_os = "linux")]
    fn change_mode(file: &Path, mode: u32) -> io::Result<()> {
        use std::os::fd::AsRawFd;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = libc::O_PATH | libc::O_NOFOLLOW;
        let named = OpenOptions::new().read(true).custom_flags(flags).open(file)?;
        if !named.metadata()?.is_file() {
            return Err(ErrorKind::InvalidInput.into());
        }
        let name = format!("/proc/self/fd/{}", named.as_raw_fd());
        std::fs::set_permissions(name, Permissions::from_mode(mode))
    }

    #[cfg(not(target_os = "linux"))]
    fn change_mode(file: &Path, mode: u32) -> io::Result<()> {
        std::fs::set_permissions(file, Permissions::from_mode(mode))
    }

    /// Which file it is, under whatever name.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub(in super::super) struct Identity {
        device: u64,
        pub(in super::super) inode: u64,
    }

    impl Identity {
        pub(in super::super) fn of(found: &Metadata) -> Identity {
            Identity { device: found.dev(), inode: found.ino() }
        }

        pub(in super::super) fn at(file: &Path) -> io::Result<Identity> {
            std::fs::symlink_metadata(file).map(|found| Identity::of(&found))
        }
    }

    /// The files that an open journal's orders go to. While it is open no other file can get their inodes.
    #[derive(Debug)]
    pub(in super::super) struct Named {
        files: Vec<(PathBuf, Identity)>,
    }

    impl Named {
        /// Before SQLite opens the journal.
        pub(in super::super) fn of(journal: &Path) -> Result<Named> {
            let mut named = Named { files: Vec::with_capacity(2) };
            named.add(journal, journal)?;
            Ok(named)
        }

        /// When SQLite has opened the journal and its log: what was opened is what was looked at before.
        pub(in super::super) fn add_log(&mut self, journal: &Path) -> Result<()> {
            self.check(journal)?;
            self.add(journal, &beside(journal, "-wal"))
        }

        fn add(&mut self, journal: &Path, file: &Path) -> Result<()> {
            let identity = Identity::at(file).map_err(|error| displaced(journal, file, &error))?;
            self.files.push((file.to_owned(), identity));
            Ok(())
        }

        /// Whether the names still lead to the files. One call of the system for each.
        pub(in super::super) fn check(&self, journal: &Path) -> Result<()> {
            for (file, identity) in &self.files {
                match Identity::at(file) {
                    Ok(now) if now == *identity => {}
                    Ok(_) => return Err(displaced(journal, file, &"another file has its name")),
                    Err(error) => return Err(displaced(journal, file, &error)),
                }
            }
            Ok(())
        }
    }
}

/// Files have the permissions that their directory hands down, and Windows removes and renames no file that SQLite has open.
#[cfg(windows)]
mod windows {
    use super::*;

    pub(super) fn must_belong_to_this_user(_: &Path, _: &Path, _: &Metadata) -> Result<()> {
        Ok(())
    }

    pub(super) fn set_private(_: &File) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn restrict(_: &Path, _: &Path, _: &Metadata) -> Result<()> {
        Ok(())
    }

    #[derive(Debug)]
    pub(in super::super) struct Named;

    impl Named {
        pub(in super::super) fn of(_: &Path) -> Result<Named> {
            Ok(Named)
        }

        pub(in super::super) fn add_log(&mut self, _: &Path) -> Result<()> {
            Ok(())
        }

        pub(in super::super) fn check(&self, _: &Path) -> Result<()> {
            Ok(())
        }
    }
}
