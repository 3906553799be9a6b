"""Lays the files out as a project finds them: the same folders in an archive and after `make install`."""

import os
import re
import shutil
from pathlib import Path

import licences
from common import ROOT, SONAME, version
from platforms import Platform

# What a program needs besides libecrhub.a, in the linker's words.
STATIC_NEEDS = {
    "linux": ["gcc_s", "pthread", "dl", "m"],
    "windows": ["ws2_32", "userenv", "ntdll", "advapi32", "kernel32"],
}
REPOSITORY = "https://github.com/ecrhub/ecrhub"
# Pages for those who use the library, not for those who work on it.
PAGES = ["abi", "command-line", "money-safety", "platforms", "projects", "simulator", "windows"]
STDCALL_ROW = """| the same functions with stdcall, for Delphi, VB6 and others, with their declarations | `stdcall` |
"""


def lay_out(platform: Platform, built: Path, tree: Path) -> None:
    """Makes the tree of one platform from what was built."""
    shutil.rmtree(tree, ignore_errors=True)
    (windows if platform.windows else linux)(platform, built, tree)
    for header in ["ecrhub.h", "ecrhub.hpp"]:
        put(ROOT / "include" / header, tree / "include" / header)
    for source in sorted([*(ROOT / "examples/c").iterdir(), *(ROOT / "examples/cpp").iterdir()]):
        put(source, tree / "share/ecrhub/examples" / source.parent.name / source.name)
    for file in ["LICENSE-MIT", "LICENSE-APACHE", "CHANGELOG.md"]:
        put(ROOT / file, tree / "share/doc/ecrhub" / file)
    for name in PAGES:
        write(tree / f"share/doc/ecrhub/{name}.md", page(name))
    write(tree / "share/doc/ecrhub/THIRD-PARTY-LICENSES.txt", licences.third_party(platform))
    for_build_tools(platform, tree)


def linux(platform: Platform, built: Path, tree: Path) -> None:
    real = f"libecrhub.so.{version()}"
    put(built / "libecrhub.so", tree / "lib" / real)
    (tree / "lib" / SONAME).symlink_to(real)
    (tree / "lib/libecrhub.so").symlink_to(SONAME)
    put(built / "libecrhub.a", tree / "lib/libecrhub.a")
    for program in ["ecrhub", "ecrhub-simulator"]:
        put(built / program, tree / "bin" / program, 0o755)


def windows(platform: Platform, built: Path, tree: Path) -> None:
    """All that the Windows build leaves: programs and libraries to run, libraries to link, and a folder for stdcall."""
    folder_of = {".dll": "bin", ".exe": "bin", ".a": "lib", ".lib": "lib", ".def": "lib"}
    for file in sorted(path for path in built.rglob("*") if path.is_file()):
        folder = "stdcall" if file.parent.name == "stdcall" else folder_of.get(file.suffix)
        if folder is None:
            raise SystemExit(f"{file} is nothing that has a place in the archive")
        put(file, tree / folder / file.name, 0o755 if file.suffix in (".dll", ".exe") else 0o644)


def for_build_tools(platform: Platform, tree: Path) -> None:
    """pkg-config's file and CMake's package."""
    needs = STATIC_NEEDS["windows" if platform.windows else "linux"]
    values = {
        "VERSION": version(),
        "MAJOR": version().split(".")[0],
        "REPOSITORY": REPOSITORY,
        "POINTER_BYTES": str(platform.pointer_bits // 8),
        "POINTER_BITS": str(platform.pointer_bits),
        "STATIC_FLAGS": " ".join(f"-l{name}" for name in needs),
        "STATIC_LIBRARIES": ";".join(needs),
    } | cmake_of(platform)
    fill("ecrhub.pc.in", tree / "lib/pkgconfig/ecrhub.pc", values)
    for name in ["ecrhub-config.cmake", "ecrhub-config-version.cmake"]:
        fill(f"cmake/{name}.in", tree / "lib/cmake/ecrhub" / name, values)


def cmake_of(platform: Platform) -> dict[str, str]:
    """Where the system's own kind of shared library lies."""
    static = (ROOT / "packaging/cmake/static.cmake.in").read_text().strip()
    if not platform.windows:
        location = f'IMPORTED_LOCATION "${{_ecrhub_prefix}}/lib/libecrhub.so.{version()}"'
        soname = f'IMPORTED_SONAME "{SONAME}"'
        return {"SHARED_PROPERTIES": f"{location}\n        {soname}", "IMPORT_LIBRARY": "", "STATIC_TARGET": static}
    library = '"${_ecrhub_prefix}/lib/%s"'
    setting = "        set_property(TARGET ecrhub::ecrhub PROPERTY IMPORTED_IMPLIB %s)\n"
    choice = (
        f"if(MSVC)\n{setting % (library % 'ecrhub.lib')}    else()\n"
        f"{setting % (library % 'libecrhub.dll.a')}    endif()"
    )
    return {
        "SHARED_PROPERTIES": 'IMPORTED_LOCATION "${_ecrhub_prefix}/bin/ecrhub.dll"',
        "IMPORT_LIBRARY": choice,
        "STATIC_TARGET": static.replace("if(NOT TARGET", "if(MINGW AND NOT TARGET"),
    }


def page(name: str) -> str:
    """A page of docs/. What it links to and does not ship is in the repository, as it was for this version."""

    def link(found: re.Match) -> str:
        to = os.path.normpath(f"docs/{found[1]}")
        stays = to in [f"docs/{name}.md" for name in PAGES]
        return found[0] if stays else f"]({REPOSITORY}/blob/v{version()}/{to})"

    text = (ROOT / "docs" / f"{name}.md").read_text(encoding="utf-8")
    return re.sub(r"\]\((?!https?:|#)([^)#\s]+)\)", link, text)


def readme(platform: Platform, tree: Path) -> None:
    """The archive's front page."""
    stdcall = STDCALL_ROW if (tree / "stdcall").exists() else ""
    needs = "The library needs musl's loader, as on Alpine Linux; the programs need nothing."
    if platform.glibc:
        needs = f"The library and the programs need glibc {platform.glibc} (2012) or newer and nothing else."
    values = {"VERSION": version(), "PLATFORM": platform.name, "NEEDS": needs, "STDCALL": stdcall}
    fill("README-windows.md.in" if platform.windows else "README-linux.md.in", tree / "README.md", values)


def fill(template: str, to: Path, values: dict[str, str]) -> None:
    """Puts the values in the places of a template; one that is left over is a mistake."""
    text = (ROOT / "packaging" / template).read_text()
    # Some values have places of their own.
    for _ in range(2):
        for name, value in values.items():
            text = text.replace(f"@{name}@", value)
    left = [word for word in text.split() if word.startswith("@") and word.endswith("@")]
    if left:
        raise SystemExit(f"packaging/{template}: nobody knows {', '.join(left)}")
    write(to, "\n".join(line.rstrip() for line in text.splitlines()) + "\n")


def put(file: Path, to: Path, mode: int = 0o644) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(file, to)
    to.chmod(mode)


def write(to: Path, text: str) -> None:
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_text(text, encoding="utf-8", newline="\n")
