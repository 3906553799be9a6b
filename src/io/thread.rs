//! Threads of the library's own, on which no signal handler of the host ever runs.

use std::io;
use std::thread::{Builder, JoinHandle};

/// Starts a thread with this name.
pub(super) fn spawn<T: Send + 'static>(
    name: &str,
    run: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    let _quiet = Quiet::new();
    Builder::new().name(name.to_owned()).spawn(run)
}

/// A new thread inherits the mask of the one that starts it: while this lives, that mask keeps out every signal but
/// those that a fault in the thread itself raises, and those with which a garbage collector stops the threads it knows.
#[cfg(unix)]
struct Quiet {
    before: libc::sigset_t,
}

#[cfg(unix)]
const OF_FAULTS: [libc::c_int; 6] =
    [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL, libc::SIGTRAP, libc::SIGSYS];

/// Mono and Boehm's collector stop each thread that has run code of theirs by one of these or by a real-time signal,
/// and wait until it has answered. The library's thread is among them once it has called a log callback written in C#:
/// deaf to these, it would bring the whole till to a halt at the next collection. A host that waits for such a signal
/// itself has kept it out of its own threads, and so it is kept out of the library's: there it would end the process.
#[cfg(target_os = "linux")]
fn of_collectors() -> impl Iterator<Item = libc::c_int> {
    [libc::SIGPWR, libc::SIGXCPU].into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

#[cfg(all(unix, not(target_os = "linux")))]
fn of_collectors() -> impl Iterator<Item = libc::c_int> {
    std::iter::empty()
}

#[cfg(unix)]
impl Quiet {
    /// None where the mask cannot be changed: the thread is worth more than its quiet.
    fn new() -> Option<Self> {
        use std::mem::MaybeUninit;
        let mut all = MaybeUninit::<libc::sigset_t>::uninit();
        let mut before = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: pthread_sigmask without a new mask only writes `before`, which counts as initialised only when it says
        // it has succeeded; sigfillset initialises `all`, sigdelset changes it and sigismember reads `before` with
        // signals that exist.
        unsafe {
            if libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), before.as_mut_ptr()) != 0
            {
                return None;
            }
            let before = before.assume_init();
            let is_taken =
                |signal: &libc::c_int| libc::sigismember(&raw const before, *signal) == 0;
            libc::sigfillset(all.as_mut_ptr());
            for signal in OF_FAULTS.into_iter().chain(of_collectors().filter(is_taken)) {
                libc::sigdelset(all.as_mut_ptr(), signal);
            }
            let status =
                libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), std::ptr::null_mut());
            (status == 0).then_some(Quiet { before })
        }
    }
}

#[cfg(unix)]
impl Drop for Quiet {
    fn drop(&mut self) {
        // SAFETY: `before` is the mask this thread had, and no old one is asked for.
        let status = unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, std::ptr::null_mut())
        };
        debug_assert_eq!(status, 0, "a mask that was read can be set");
    }
}

#[cfg(not(unix))]
struct Quiet;

#[cfg(not(unix))]
impl Quiet {
    fn new() -> Self {
        Quiet
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn is_blocked(signal: libc::c_int) -> bool {
        let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: with no new mask, pthread_sigmask only writes the present one, which sigismember then reads.
        unsafe {
            let status =
                libc::pthread_sigmask(libc::SIG_SETMASK, std::ptr::null(), mask.as_mut_ptr());
            assert_eq!(status, 0);
            libc::sigismember(mask.as_ptr(), signal) == 1
        }
    }

    #[test]
    fn the_hosts_signals_are_kept_out_and_its_own_mask_is_as_it_was() {
        let before = is_blocked(libc::SIGUSR1);
        let thread = spawn("ecrhub-test", || {
            assert!(is_blocked(libc::SIGUSR1));
            assert!(is_blocked(libc::SIGINT));
            assert!(!is_blocked(libc::SIGSEGV), "a crash stays a crash");
            #[cfg(target_os = "linux")]
            assert!(!is_blocked(libc::SIGRTMIN() + 1), "a collector can stop it");
        });
        assert!(thread.unwrap().join().is_ok());
        assert_eq!(is_blocked(libc::SIGUSR1), before);
    }

    /// A till waits for this one with `sigwaitinfo`: a thread that takes it would end the process.
    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_host_has_blocked_for_itself_stays_blocked() {
        let thread = std::thread::spawn(|| {
            let awaited = libc::SIGRTMIN() + 2;
            let mut mask = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
            // SAFETY: sigemptyset initialises the mask that the two others change and read.
            unsafe {
                libc::sigemptyset(mask.as_mut_ptr());
                libc::sigaddset(mask.as_mut_ptr(), awaited);
                let status =
                    libc::pthread_sigmask(libc::SIG_BLOCK, mask.as_ptr(), std::ptr::null_mut());
                assert_eq!(status, 0);
            }
            let ours = spawn("ecrhub-test", move || {
                assert!(is_blocked(awaited));
                assert!(!is_blocked(awaited + 1), "a collector can stop it");
            });
            assert!(ours.unwrap().join().is_ok());
            assert!(is_blocked(awaited), "the mask is as it was");
        });
        assert!(thread.join().is_ok());
    }
}
