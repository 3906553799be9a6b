"""What a Linux library and its programs must be like, read from the files."""

import re
from pathlib import Path

import abi
import archive
from checks import must, said
from common import ROOT, SONAME, version
from platforms import Platform

MACHINES = {
    "linux-x64": "Advanced Micro Devices X86-64",
    "linux-x64-musl": "Advanced Micro Devices X86-64",
    "linux-arm64": "AArch64",
    "linux-armv7": "ARM",
    "linux-x86": "Intel 80386",
}
# What may be needed: the parts of the C library. Everything else would have to be installed first.
GLIBC_PARTS = r"lib(c|pthread|dl|m|rt|util)\.so\.[0-9]+|ld-linux[-a-z0-9_]*\.so\.[0-9]"
MUSL_PARTS = r"libc\.so|libc\.musl-x86_64\.so\.1"


def files(tree: Path) -> list[Path]:
    return [tree / "lib" / f"libecrhub.so.{version()}", tree / "bin/ecrhub", tree / "bin/ecrhub-simulator"]


def is_for_this_machine(platform: Platform, tree: Path) -> str:
    for file in files(tree):
        head = said("readelf", "-h", file)
        must(
            f"Machine:                           {MACHINES[platform.name]}\n" in head,
            f"{file} is for another machine\n{head}",
        )
    return MACHINES[platform.name]


def needs_no_newer_glibc(platform: Platform, tree: Path) -> str:
    newest = "0"
    for file in files(tree):
        for symbol in sorted(set(re.findall(r"GLIBC_([0-9.]+)", said("readelf", "-W", "--version-info", file)))):
            must(
                number(symbol) <= number(platform.glibc or "0"),
                f"{file} needs GLIBC_{symbol}, newer than {platform.glibc}",
            )
            newest = max(newest, symbol, key=number)
    must(platform.glibc is None or newest != "0", "no version of glibc is named at all: is this what was meant?")
    return f"at most GLIBC_{newest}" if platform.glibc else "no glibc at all"


def number(dotted: str) -> tuple[int, ...]:
    return tuple(int(part) for part in dotted.split("."))


def needs_only_the_c_library(platform: Platform, tree: Path) -> str:
    allowed = MUSL_PARTS if platform.musl else GLIBC_PARTS
    seen: set[str] = set()
    for file in files(tree):
        for name in re.findall(r"\(NEEDED\).*\[(.*)\]", said("readelf", "-d", file)):
            must(re.fullmatch(allowed, name), f"{file} needs {name}")
            seen.add(name)
    must(seen, "nothing is needed at all, so a program would have two C libraries")
    return ", ".join(sorted(seen))


def exports_the_headers_functions(_: Platform, tree: Path) -> str:
    listed = said("nm", "-D", "--defined-only", files(tree)[0])
    exported = sorted(line.split()[2] for line in listed.splitlines())
    declared = sorted(abi.prototypes((tree / "include/ecrhub.h").read_text()))
    must(exported == declared, f"exported: {exported}\ndeclared: {declared}")
    must((tree / "include/ecrhub.h").read_bytes() == (ROOT / "include/ecrhub.h").read_bytes(), "an old header")
    return f"{len(exported)} functions"


def gives_no_other_names_when_static(_: Platform, tree: Path) -> str:
    """A program may have an SQLite and a Rust library of its own."""
    listed = said("nm", "-g", "--defined-only", tree / "lib/libecrhub.a")
    given = sorted(line.split()[2] for line in listed.splitlines() if len(line.split()) == 3)
    declared = sorted(abi.prototypes((tree / "include/ecrhub.h").read_text()))
    must(given == declared, f"given: {given}\ndeclared: {declared}")
    return f"{len(given)} functions, {(tree / 'lib/libecrhub.a').stat().st_size:,} bytes"


def has_its_soname_and_links(_: Platform, tree: Path) -> None:
    dynamic = said("readelf", "-d", files(tree)[0])
    must(f"Library soname: [{SONAME}]" in dynamic, dynamic)
    for name in ["libecrhub.so", SONAME]:
        link = tree / "lib" / name
        must(link.is_symlink() and link.resolve() == files(tree)[0].resolve(), f"{link} leads to {link.resolve()}")


def tells_no_path_of_the_builders_machine(_: Platform, tree: Path) -> None:
    for file in [*files(tree), tree / "lib/libecrhub.a"]:
        content = file.read_bytes()
        for path in {str(ROOT), str(Path.home() / ".cargo"), "/usr/src/rustc"}:
            must(path.encode() not in content, f"{file} contains {path}")


def is_stripped(_: Platform, tree: Path) -> None:
    for file in files(tree):
        sections = said("readelf", "-W", "-S", file)
        must(".symtab" not in sections and ".debug_" not in sections, f"{file} is not stripped")


CHECKS = [
    *archive.CHECKS,
    is_for_this_machine,
    needs_no_newer_glibc,
    needs_only_the_c_library,
    exports_the_headers_functions,
    gives_no_other_names_when_static,
    has_its_soname_and_links,
    tells_no_path_of_the_builders_machine,
    is_stripped,
]
