"""Builds the library and the programs for one platform, the same bytes wherever the source folder lies."""

import os
import shutil
from pathlib import Path

import static_library
import windows_names
from common import BUILD, ROOT, TOOLS, output, run, source_date
from platforms import Platform

# Debian's own compiler, under its full path: it has the sources of the standard library beside it.
DEBIAN = {"cargo": "/usr/bin/cargo", "rustc": "/usr/bin/rustc", "rustdoc": "/usr/bin/rustdoc"}
PROGRAMS = ["ecrhub", "ecrhub-simulator"]
# What the names of the binutils for other machines begin with.
BINUTILS = {
    "linux-arm64": "aarch64-linux-gnu-",
    "linux-armv7": "arm-linux-gnueabihf-",
    "linux-x86": "i686-linux-gnu-",
    "windows-x64": "x86_64-w64-mingw32-",
    "windows-x86": "i686-w64-mingw32-",
}


def build(platform: Platform, into: Path) -> None:
    """Leaves the shared and the static library, the programs, and what else this platform has in `into`."""
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    if platform.windows:
        run("scripts/windows/build", platform.windows_bits, into, env=environment())
        for library in sorted(into.rglob("*.a")):
            windows_names.forget_folders(library, BINUTILS[platform.name])
        return
    cargo_build(platform)
    made = BUILD / platform.target / "release"
    for name in [*PROGRAMS, "libecrhub.so"]:
        shutil.copyfile(made / name, into / name)
        (into / name).chmod(0o644 if name.startswith("lib") else 0o755)
    static_library.tidy(made / "libecrhub.a", into / "libecrhub.a", BINUTILS.get(platform.name, ""))


def cargo_build(platform: Platform) -> None:
    env = environment()
    command = ["zigbuild", "--release", "--locked", "--workspace", "--exclude", "ecrhub-benches", "--lib", "--bins"]
    cargo = "cargo"
    if platform.build_std:
        cargo = env["CARGO"] = DEBIAN["cargo"]
        env |= {"RUSTC": DEBIAN["rustc"], "RUSTDOC": DEBIAN["rustdoc"], "RUSTC_BOOTSTRAP": "1"}
        command.append("-Zbuild-std=std,panic_unwind")
    if platform.musl:
        # A shared library needs the C library as one too.
        env["CARGO_BUILD_RUSTFLAGS"] += " -Ctarget-feature=-crt-static"
    target = platform.target + (f".{platform.glibc}" if platform.glibc else "")
    run(cargo, *command, "--target", target, env=env)


def environment() -> dict[str, str]:
    """Cargo's settings: nothing for a debugger, and no path of this machine in anything that ships."""
    env = dict(os.environ)
    for name in ["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "RUSTUP_TOOLCHAIN"]:
        env.pop(name, None)
    paths = remapped_paths()
    return env | {
        "PATH": f"{TOOLS / 'bin'}:{env['PATH']}",
        "CARGO_TARGET_DIR": str(BUILD),
        "SOURCE_DATE_EPOCH": str(source_date()),
        "CARGO_PROFILE_RELEASE_DEBUG": "false",
        "CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO": "off",
        "CARGO_PROFILE_RELEASE_STRIP": "symbols",
        "CARGO_BUILD_RUSTFLAGS": " ".join(f"--remap-path-prefix={here}={there}" for here, there in paths),
        "CFLAGS": " ".join(f"-ffile-prefix-map={here}={there}" for here, there in paths),
        # What zig and its wrapper keep stays with the build.
        "ZIG_GLOBAL_CACHE_DIR": str(BUILD / "zig"),
        "CARGO_ZIGBUILD_CACHE_DIR": str(BUILD / "zigbuild"),
    }


def remapped_paths() -> list[tuple[str, str]]:
    """The folders that differ from machine to machine, and what they are called instead. Later ones win in rustc."""
    cargo_home = os.environ.get("CARGO_HOME") or str(Path.home() / ".cargo")
    paths = [(cargo_home, "/cargo"), (str(BUILD), "/build"), (str(ROOT), "/ecrhub")]
    rust_source = Path("/usr/lib/rustlib/src/rust")
    if rust_source.exists():
        paths += [(str(rust_source), "/rust"), (str(rust_source.resolve()), "/rust")]
    if BUILD.is_relative_to(ROOT):
        paths.append((str(BUILD), "/build"))
    return paths


def compilers() -> list[str]:
    """What everything is built with, for the record."""
    lines = [output("rustc", "--version").strip(), output(TOOLS / "bin/cargo-zigbuild", "--version").strip()]
    if Path(DEBIAN["rustc"]).exists():
        lines.append(output(DEBIAN["rustc"], "--version").strip())
    return lines
