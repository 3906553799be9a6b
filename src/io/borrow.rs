//! A caller who waits may watch its terminal's socket itself: being woken by the I/O thread costs more than the whole
//! protocol. Only where a descriptor can be waited on together with a bell; elsewhere nothing is ever borrowed, and the
//! I/O thread does all of it.
//!
//! | the socket is | who watches it | how it gets there |
//! |---|---|---|
//! | at home | the I/O thread | it was made there, or [`Link::take_home`](super::Link::take_home) |
//! | lent | one caller's thread, in [`Bell::wait`] | [`Link::lend`](super::Link::lend) |
//! | lent, between two waits | nobody, until the I/O thread comes some milliseconds later | a caller left, or came by and did not have to wait, and is expected back at once |
//!
//! Watching is all that is lent. Whoever reads or writes holds the terminal's lock, as ever, so that it does no harm
//! when the I/O thread does so meanwhile; it then rings the bell of the caller whose data it has taken. The socket comes
//! home when the caller leaves, and what has arrived by then wakes the I/O thread. A lost connection's successor is at
//! home.

#[cfg(not(target_os = "linux"))]
pub use elsewhere::Bell;
#[cfg(target_os = "linux")]
pub use linux::Bell;

/// A socket's descriptor, to be waited on and never to be read.
pub type Watched = i32;

#[cfg(target_os = "linux")]
mod linux {
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
    use std::time::Duration;

    use super::Watched;

    /// Ends the wait of one thread.
    #[derive(Debug)]
    pub struct Bell {
        fd: OwnedFd,
    }

    impl Bell {
        /// None where the system gives no descriptor: then nothing is borrowed.
        pub fn new() -> Option<Bell> {
            // SAFETY: eventfd takes no pointers.
            let raw = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
            if raw < 0 {
                return None;
            }
            // SAFETY: the descriptor was just made and nobody else has it.
            Some(Bell { fd: unsafe { OwnedFd::from_raw_fd(raw) } })
        }

        /// Ends the wait, or the next one.
        pub fn ring(&self) {
            let one = 1_u64.to_ne_bytes();
            // SAFETY: the descriptor is ours and open, and `one` is readable for its length.
            let written =
                unsafe { libc::write(self.fd.as_raw_fd(), one.as_ptr().cast(), one.len()) };
            if written < 0 {
                log_line_later!(
                    log::Level::Error,
                    "a waiting caller cannot be woken: {}",
                    last_error()
                );
            }
        }

        /// After [`Bell::ring`]: ready for the next time.
        pub fn hush(&self) {
            let mut count = [0_u8; 8];
            // SAFETY: the descriptor is ours and open, and `count` is writable for its length. Nothing to read is fine.
            unsafe { libc::read(self.fd.as_raw_fd(), count.as_mut_ptr().cast(), count.len()) };
        }

        /// Waits until the socket has something, the bell rings, the time is up, or a signal comes; true when the
        /// socket has something. It may have been closed meanwhile, and its number may be another one's now: whoever
        /// closes it rings, and what comes back is looked at with that in mind.
        pub fn wait(&self, socket: Watched, left: Option<Duration>) -> bool {
            let mut watched = [watch(socket), watch(self.fd.as_raw_fd())];
            // SAFETY: both entries are valid to read and write for the length of the call. A descriptor that is none any
            // more is reported, and harms nobody.
            let ready = unsafe { libc::poll(watched.as_mut_ptr(), 2, poll_timeout(left)) };
            ready > 0 && watched[0].revents != 0
        }
    }

    fn watch(fd: i32) -> libc::pollfd {
        libc::pollfd { fd, events: libc::POLLIN, revents: 0 }
    }

    /// Rounded up, so that nobody comes back early and has to go to sleep again.
    fn poll_timeout(left: Option<Duration>) -> i32 {
        left.map_or(-1, |left| {
            i32::try_from(left.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX)
        })
    }

    fn last_error() -> std::io::Error {
        std::io::Error::last_os_error()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use std::io::Write;
        use std::os::unix::net::UnixStream;
        use std::time::Instant;

        const LONG: Option<Duration> = Some(Duration::from_secs(30));
        const SHORT: Option<Duration> = Some(Duration::from_millis(1));

        #[test]
        fn the_socket_ends_the_wait_and_is_told_from_the_bell() {
            let bell = Bell::new().unwrap();
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(b"x").unwrap();
            assert!(bell.wait(ours.as_raw_fd(), LONG));
            assert!(bell.wait(ours.as_raw_fd(), LONG), "for as long as nobody reads it");
            bell.ring();
            assert!(bell.wait(ours.as_raw_fd(), LONG), "both at once");
        }

        #[test]
        fn the_bell_ends_one_wait_however_often_it_rang() {
            let bell = Bell::new().unwrap();
            let (ours, _theirs) = UnixStream::pair().unwrap();
            bell.ring();
            bell.ring();
            let began = Instant::now();
            assert!(!bell.wait(ours.as_raw_fd(), LONG));
            assert!(began.elapsed() < Duration::from_secs(10));
            bell.hush();
            let began = Instant::now();
            assert!(!bell.wait(ours.as_raw_fd(), SHORT));
            assert!(began.elapsed() >= Duration::from_millis(1), "it rings no more");
            bell.hush();
        }

        #[test]
        fn a_bell_rung_from_another_thread_is_heard() {
            let bell = Bell::new().unwrap();
            let (ours, _theirs) = UnixStream::pair().unwrap();
            std::thread::scope(|scope| {
                scope.spawn(|| {
                    std::thread::sleep(Duration::from_millis(20));
                    bell.ring();
                });
                let began = Instant::now();
                assert!(!bell.wait(ours.as_raw_fd(), LONG));
                assert!(began.elapsed() < Duration::from_secs(10));
            });
        }

        #[test]
        fn times_are_rounded_up() {
            assert_eq!(poll_timeout(None), -1);
            assert_eq!(poll_timeout(Some(Duration::ZERO)), 0);
            assert_eq!(poll_timeout(Some(Duration::from_nanos(1))), 1);
            assert_eq!(poll_timeout(Some(Duration::from_millis(7))), 7);
            assert_eq!(poll_timeout(Some(Duration::MAX)), i32::MAX);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod elsewhere {
    use std::time::Duration;

    use super::Watched;

    /// There is none here.
    #[derive(Debug)]
    pub enum Bell {}

    impl Bell {
        pub fn new() -> Option<Bell> {
            None
        }

        pub fn ring(&self) {
            match *self {}
        }

        pub fn hush(&self) {
            match *self {}
        }

        pub fn wait(&self, _: Watched, _: Option<Duration>) -> bool {
            match *self {}
        }
    }
}
