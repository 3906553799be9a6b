//! Keeping the library in memory when a thread of its own cannot be waited for.

use std::ffi::c_void;

/// The library is not unloaded before the process ends, whatever the host does. False when that cannot be had.
///
/// It is a reference to itself that is never given back: a thread cannot give it back and then return through code
/// that may be gone.
pub(super) fn stay_loaded() -> bool {
    imp::stay_loaded(stay_loaded as *const c_void)
}

#[cfg(unix)]
mod imp {
    use std::ffi::c_void;
    use std::mem::MaybeUninit;

    /// The file that this address was loaded from; none where the loader knows of none, as in a static program.
    fn object_of(address: *const c_void) -> Option<libc::Dl_info> {
        let mut found = MaybeUninit::<libc::Dl_info>::uninit();
        // SAFETY: dladdr only looks the address up, and has filled `found` when it does not return 0.
        unsafe { (libc::dladdr(address, found.as_mut_ptr()) != 0).then(|| found.assume_init()) }
    }

    pub(super) fn stay_loaded(own: *const c_void) -> bool {
        let Some(object) = object_of(own) else { return true };
        let flags = libc::RTLD_LAZY | libc::RTLD_NOLOAD | libc::RTLD_NODELETE;
        // SAFETY: the name is the loader's own, and RTLD_NOLOAD loads and runs nothing.
        let reference = unsafe { libc::dlopen(object.dli_fname, flags) };
        !reference.is_null() || is_the_program(&object)
    }

    /// The program itself is never unloaded, and cannot be opened.
    #[cfg(target_os = "linux")]
    fn is_the_program(object: &libc::Dl_info) -> bool {
        // SAFETY: getauxval reads what the kernel left for the process.
        let entry = unsafe { libc::getauxval(libc::AT_ENTRY) } as *const c_void;
        object_of(entry).is_some_and(|program| program.dli_fbase == object.dli_fbase)
    }

    #[cfg(not(target_os = "linux"))]
    fn is_the_program(_: &libc::Dl_info) -> bool {
        false
    }
}

#[cfg(windows)]
mod imp {
    use std::ffi::c_void;

    use windows_sys::Win32::System::LibraryLoader::{
        GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_PIN, GetModuleHandleExW,
    };

    pub(super) fn stay_loaded(own: *const c_void) -> bool {
        let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_PIN;
        let mut module = std::ptr::null_mut();
        // SAFETY: with this flag the name is an address that is only looked up, and `module` lives through the call.
        unsafe { GetModuleHandleExW(flags, own.cast(), &raw mut module) != 0 }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_program_that_runs_stays_loaded() {
        assert!(super::stay_loaded());
    }
}
