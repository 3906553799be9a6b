//! The shim sees every call by which the library reaches the journal's files and the network: none is missing among those
//! it stands in front of, and strace counts the same.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

use crate::stage::{Before, Props, Stage};
use crate::strike::{FILE_KINDS, Scene};
use crate::support;
use crate::trace::Call;

/// What the library takes from the C library and the shim leaves alone: memory, threads, texts, numbers, what the system
/// is, sleeping, and looking up names, which these tills do not.
const LEFT_ALONE: &str = "
    _ITM_deregisterTMCloneTable _ITM_registerTMCloneTable __cxa_finalize __gmon_start__ __tls_get_addr __errno_location
    __cxa_atexit __cxa_thread_atexit_impl _pthread_cleanup_pop _pthread_cleanup_push __stack_chk_fail abort
    _Unwind_Backtrace _Unwind_DeleteException _Unwind_GetDataRelBase _Unwind_GetIP _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData _Unwind_GetRegionStart _Unwind_GetTextRelBase _Unwind_RaiseException _Unwind_Resume
    _Unwind_SetGR _Unwind_SetIP dl_iterate_phdr dladdr dlclose dlerror dlopen dlsym
    bcmp memchr memcmp memcpy memmove memrchr memset strchr strcmp strcspn strlen strncmp strrchr strspn
    calloc free malloc posix_memalign realloc madvise mprotect malloc_usable_size
    pthread_attr_destroy pthread_attr_getguardsize pthread_attr_getstack pthread_attr_init pthread_attr_setstacksize
    pthread_create pthread_detach pthread_getattr_np pthread_join pthread_key_create pthread_key_delete
    pthread_mutex_destroy pthread_mutex_init pthread_mutex_lock pthread_mutex_trylock pthread_mutex_unlock
    pthread_mutexattr_destroy pthread_mutexattr_init pthread_mutexattr_settype pthread_self pthread_setname_np
    pthread_setspecific pthread_getspecific pthread_sigmask sched_yield sigaction sigaltstack sigdelset sigfillset
    sigismember __libc_current_sigrtmax __libc_current_sigrtmin pause
    __res_init freeaddrinfo gai_strerror getaddrinfo __xpg_strerror_r strerror_r
    getauxval getcwd getenv geteuid getuid getpid gettid getrandom gnu_get_libc_version sysconf environ
    clock_nanosleep nanosleep usleep sleep localtime_r gmtime_r
    acos acosh asin asinh atan atan2 atanh ceil cos cosh exp exp2 floor fmod log log10 log2 pow sin sinh sqrt tan tanh trunc
";

/// The system's calls that strace knows by another name than the C library; `realpath` is made of several.
const NAMES: [(&str, &str); 11] = [
    ("open", "openat"),
    ("open64", "openat"),
    ("fcntl64", "fcntl"),
    ("stat64", "newfstatat"),
    ("lstat64", "newfstatat"),
    ("fstat64", "newfstatat"),
    ("ftruncate64", "ftruncate"),
    ("mmap64", "mmap"),
    ("lseek64", "lseek"),
    ("fstat", "newfstatat"),
    ("realpath", "readlink"),
];

fn names(options: &[&str], library: &Path) -> BTreeSet<String> {
    let listed = support::succeeds(Command::new("nm").args(options).arg(library));
    let name = |line: &str| line.split_whitespace().last().map(str::to_owned);
    let bare = |name: String| name.split('@').next().unwrap_or_default().to_owned();
    listed.lines().filter_map(name).map(bare).collect()
}

#[test]
fn the_library_asks_the_system_for_nothing_that_the_shim_does_not_know() {
    let props = Props::new("known");
    let known = names(&["-D", "--defined-only"], props.shim());
    let left_alone: BTreeSet<String> = LEFT_ALONE.split_whitespace().map(str::to_owned).collect();
    let wanted = names(&["-D", "--undefined-only"], &support::library());
    assert!(wanted.contains("pwrite64") && wanted.contains("fsync"), "{wanted:?}");
    let unknown: Vec<_> =
        wanted.difference(&known).filter(|name| !left_alone.contains(*name)).collect();
    assert!(
        unknown.is_empty(),
        "{unknown:?}: tests/faults/shim is to stand in front of these, or LEFT_ALONE is to name them"
    );
    let both: Vec<_> = known.intersection(&left_alone).collect();
    assert!(both.is_empty(), "the shim stands in front of {both:?}");
    props.clear();
}

/// How often the system was asked about the journal's files, by the system's names.
fn by_strace(output: &str, folder: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for line in output.lines().filter(|line| line.contains(folder)) {
        // 4711  pwrite64(5</folder/journal.db-wal>, ...
        let call = line.split_whitespace().nth(1).and_then(|rest| rest.split_once('('));
        if let Some((name, _)) =
            call.filter(|(name, _)| name.chars().all(|c| c.is_ascii_alphanumeric()))
        {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

fn by_shim(calls: &[Call]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for call in calls.iter().filter(|call| call.file != "-") {
        let other = NAMES.iter().find(|(name, _)| *name == call.name);
        let name = other.map_or(call.name.as_str(), |(_, system)| system);
        *counts.entry(name.to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn strace_sees_the_same_calls_and_no_other() {
    let props = Props::new("strace");
    let mut stage = Stage::new(&props, "S");
    let mut desk = stage.desk();
    desk.set(Scene::Left).unwrap();
    let output = desk.folder.join("strace");
    desk.must_end(Before::ShimAndStrace(&output), "sell", Scene::Sales.sells()).unwrap();
    let folder = format!("{}/books", desk.folder.display());
    let mut theirs = by_strace(&std::fs::read_to_string(&output).unwrap(), &folder);
    let calls = desk.calls();
    let mut ours = by_shim(&calls);
    // One `realpath` looks at each part of the path, and the start of the till names the journal.
    for counts in [&mut theirs, &mut ours] {
        counts.retain(|name, _| name != "readlink" && name != "execve");
    }
    assert_eq!(ours, theirs);
    let kinds: BTreeSet<&str> = calls.iter().map(|call| call.kind.as_str()).collect();
    for kind in FILE_KINDS {
        assert!(kinds.contains(kind), "no call of the kind {kind} in {kinds:?}");
    }
    assert!(!ours.contains_key("rename"), "files are renamed by now: {ours:?}");
    drop(stage);
    props.clear();
}
