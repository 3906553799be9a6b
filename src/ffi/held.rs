//! A log callback in which the host ends the thread: a managed runtime that goes away does so to every thread that comes
//! to it. CPython before 3.14 calls `pthread_exit` there.
//!
//! With glibc that unwinds the stack, on which there are functions of the library's that cannot be left like that: the
//! process would abort. So the thread is held where the callback was called, for as long as the process lives, which is
//! what newer runtimes do themselves. Whoever waits for the thread is told that it does not come back.

use std::ffi::{c_char, c_void};

use super::logging::Callback;

/// A callback, and what it is called with.
pub(super) struct Call {
    pub(super) callback: Callback,
    pub(super) level: i32,
    pub(super) message: *const c_char,
    pub(super) user_data: *mut c_void,
    /// Which of the callbacks that were set it is.
    pub(super) generation: u64,
}

/// Calls it. If it ends the thread, `held` is called and the thread stands still.
///
/// # Safety
/// The callback may be called with these arguments.
pub(super) unsafe fn call(call: &Call, held: fn(&Call)) {
    // SAFETY: the caller's promise.
    unsafe { system::call(call, held) }
}

#[cfg(target_os = "linux")]
mod system {
    use std::ffi::{c_char, c_int, c_void};
    use std::mem::MaybeUninit;

    use super::Call;

    /// As glibc and musl declare it, with room to spare: four words there, three here.
    type CleanupBuffer = [usize; 8];

    struct Hold<'a> {
        call: &'a Call,
        held: fn(&Call),
    }

    unsafe extern "C" {
        fn _pthread_cleanup_push(
            buffer: *mut CleanupBuffer,
            routine: extern "C" fn(*mut c_void),
            argument: *mut c_void,
        );
        fn _pthread_cleanup_pop(buffer: *mut CleanupBuffer, execute: c_int);
    }

    /// The callback as one that may be unwound through, which is how C compilers see it anyway.
    type Unwinding =
        unsafe extern "C-unwind" fn(level: i32, message: *const c_char, user_data: *mut c_void);

    /// Nothing in this function has a destructor, so it may be left by force: what Rust calls a plain old frame. It is
    /// never inlined into one that may not.
    ///
    /// # Safety
    /// The callback may be called with these arguments.
    #[inline(never)]
    pub(super) unsafe fn call(call: &Call, held: fn(&Call)) {
        let mut buffer = MaybeUninit::<CleanupBuffer>::uninit();
        let hold_with = Hold { call, held };
        let Call { callback, level, message, user_data, .. } = *call;
        // SAFETY: both kinds of function are called alike; they differ in whether a caller is ready for unwinding.
        let callback = unsafe { std::mem::transmute::<super::Callback, Unwinding>(callback) };
        // SAFETY: the buffer lives in this frame until it is popped. When the thread is ended inside the callback, the
        // system calls `hold` before it leaves this frame's caller, and `hold` does not return: the callers' frames, and
        // the buffer, stay as they are for ever. The callback is called as the caller has promised.
        unsafe {
            _pthread_cleanup_push(
                buffer.as_mut_ptr(),
                hold,
                (&raw const hold_with).cast_mut().cast(),
            );
            callback(level, message, user_data);
            _pthread_cleanup_pop(buffer.as_mut_ptr(), 0);
        }
    }

    extern "C" fn hold(with: *mut c_void) {
        // SAFETY: it is what `call` has handed over, whose frame is there for ever.
        let Hold { call, held } = unsafe { &*with.cast::<Hold<'_>>() };
        held(call);
        loop {
            std::thread::park();
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::Call;

    /// # Safety
    /// The callback may be called with these arguments.
    pub(super) unsafe fn call(call: &Call, _: fn(&Call)) {
        let Call { callback, level, message, user_data, .. } = *call;
        // SAFETY: the caller's promise.
        unsafe { callback(level, message, user_data) }
    }
}
