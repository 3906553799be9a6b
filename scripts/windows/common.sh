# What the scripts beside this file share; they source it. Names of the targets, and the compiler that makes them.
export LC_ALL=C.UTF-8

repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
# Everything that is made for Windows, and is worth keeping between two runs.
windows=$repository/target/windows
toolchain=$windows/toolchain
# 32-bit Wine does not install beside the 64-bit one, so it has a small Debian of its own. It outlives `make clean`.
chroot=${ECRHUB_WINE_CHROOT:-/var/tmp/ecrhub-wine-i386}

# What a program that links libecrhub.a needs of the system.
native_libraries=(-lkernel32 -lws2_32 -luserenv -lntdll)

# Each run of MinGW's dlltool, and rustc has many, leaves an empty file in the folder for temporary ones. This folder goes
# with the script.
use_own_tmp() {
    TMPDIR=$(mktemp -d)
    export TMPDIR
    trap 'rm -rf "$TMPDIR"' EXIT
}

say() { printf '%s: %s\n' "$(basename "$0")" "$1" >&2; }
die() { say "$1"; exit 1; }

# Sets the target's names: for Rust, for MinGW, for dlltool's llvm brother, and for cargo's variables.
choose_target() {
    case "$1" in
        x64) rust=x86_64-win7-windows-gnu mingw=x86_64-w64-mingw32 machine=i386:x86-64 ;;
        x86) rust=i686-win7-windows-gnu mingw=i686-w64-mingw32 machine=i386 ;;
        *) die "\"$1\" is no target; it is x86 or x64" ;;
    esac
    upper=$(printf %s "$rust" | tr 'a-z-' 'A-Z_')
}

# Debian's compiler and the sources of its standard library: no other source has the Windows 7 targets ready.
use_windows_rust() {
    [ -x "$toolchain/i686-gcc" ] || die 'the toolchain is missing; run scripts/windows/setup'
    unset RUSTUP_TOOLCHAIN RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO
    export RUSTC=/usr/bin/rustc RUSTDOC=/usr/bin/rustdoc RUSTC_BOOTSTRAP=1
    export CARGO_TARGET_DIR=$windows
    export CARGO_TARGET_X86_64_WIN7_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc-win32
    export CARGO_TARGET_I686_WIN7_WINDOWS_GNU_LINKER=$toolchain/i686-gcc
    export CC_x86_64_win7_windows_gnu=x86_64-w64-mingw32-gcc-win32
    export CC_i686_win7_windows_gnu=i686-w64-mingw32-gcc-win32
}
