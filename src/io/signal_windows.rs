//! An event object that is signalled while an event waits, for tills with a message loop of their own.

use std::ffi::c_void;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;

use windows_sys::Win32::System::Threading::{CreateEventW, ResetEvent, SetEvent};

/// Manual-reset: signalled from [`ReadySignal::set`]`(true)` until `set(false)`.
#[derive(Debug)]
pub struct ReadySignal {
    event: OwnedHandle,
    is_set: bool,
}

impl ReadySignal {
    /// A signal that is not set.
    pub fn new() -> std::io::Result<Self> {
        const MANUAL_RESET: i32 = 1;
        const NOT_SIGNALLED: i32 = 0;
        // SAFETY: without attributes and name, it reads nothing of ours.
        let raw = unsafe { CreateEventW(ptr::null(), MANUAL_RESET, NOT_SIGNALLED, ptr::null()) };
        if raw.is_null() {
            return Err(std::io::Error::last_os_error());
        }
        // SAFETY: the event was just made and nobody else has its handle.
        let event = unsafe { OwnedHandle::from_raw_handle(raw) };
        Ok(ReadySignal { event, is_set: false })
    }

    /// The event object to wait for.
    pub fn handle(&self) -> *mut c_void {
        self.event.as_raw_handle()
    }

    /// Signals the event, or not.
    pub fn set(&mut self, ready: bool) {
        if ready == self.is_set {
            return;
        }
        let event = self.handle();
        // SAFETY: the event is ours and open.
        let done = unsafe { if ready { SetEvent(event) } else { ResetEvent(event) } };
        if done == 0 {
            let error = std::io::Error::last_os_error();
            log_line_later!(
                log::Level::Error,
                "the event object cannot be set to {ready}: {error}"
            );
        } else {
            self.is_set = ready;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use windows_sys::Win32::Foundation::{WAIT_OBJECT_0, WAIT_TIMEOUT};
    use windows_sys::Win32::System::Threading::WaitForSingleObject;

    fn is_signalled(signal: &ReadySignal) -> bool {
        // SAFETY: the event lives as long as `signal`.
        let waited = unsafe { WaitForSingleObject(signal.handle(), 0) };
        assert!(waited == WAIT_OBJECT_0 || waited == WAIT_TIMEOUT, "{waited}");
        waited == WAIT_OBJECT_0
    }

    #[test]
    fn it_is_signalled_exactly_while_set() {
        let mut signal = ReadySignal::new().unwrap();
        assert!(!is_signalled(&signal));
        for _ in 0..3 {
            signal.set(true);
            signal.set(true);
            assert!(is_signalled(&signal), "once");
            assert!(is_signalled(&signal), "and still: no wait resets it");
            signal.set(false);
            assert!(!is_signalled(&signal));
        }
    }
}
