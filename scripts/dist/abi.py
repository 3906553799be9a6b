"""The promise of docs/abi.md as a comparison of two headers: what is in the baseline must be today's too.

The header is made from the exports and tested against them, and has only C's own types in it, whereas the debug information
of a Rust library names Rust's types and changes with its compiler. So each header is compiled into a shared library of
stubs, and abidiff compares these two. Constants are no symbols; they are compared as text.
"""

import re
import subprocess
from pathlib import Path

from common import output


def statements(header: str) -> list[str]:
    """The declarations of a header: without comments, the preprocessor's lines and the braces of extern "C"."""
    text = re.sub(r"/\*.*?\*/", " ", header, flags=re.S)
    lines = [
        line for line in text.splitlines() if not line.startswith("#") and line.strip() not in ('extern "C" {', "}")
    ]
    return [" ".join(part.split()) for part in "\n".join(lines).split(";") if part.strip()]


def prototypes(header: str) -> dict[str, str]:
    """The functions, by name."""
    found = {}
    for statement in statements(header):
        if not statement.startswith("typedef"):
            name = re.match(r"[\w\s*]*?(\w+)\s*\(", statement)
            if not name:
                raise SystemExit(f"this is neither a function nor a type: {statement}")
            found[name[1]] = statement
    return found


def constants(header: str) -> dict[str, str]:
    """The macros that have a value."""
    return dict(re.findall(r"^#define (\w+) +(.+?) *$", header, flags=re.M))


def stubs(header: Path, scratch: Path, name: str) -> Path:
    """A shared library with each function of the header, with all that abidiff can know about it."""
    include = scratch / name
    include.mkdir(parents=True, exist_ok=True)
    (include / "ecrhub.h").write_text(header.read_text())
    bodies = [f"{prototype} {{ return 0; }}" for prototype in prototypes(header.read_text()).values()]
    source, library = include / "stubs.c", include / "libecrhub.so"
    source.write_text('#include "ecrhub.h"\n' + "\n".join(bodies) + "\n")
    output("cc", "-g", "-O0", "-w", "-shared", "-fPIC", "-Wl,-soname,libecrhub.so.1", "-o", library, source)
    return library


def changed_constants(baseline: str, today: str) -> list[str]:
    now = constants(today)
    return [
        f"{name} was {value} and is {now.get(name, 'gone')}"
        for name, value in constants(baseline).items()
        if now.get(name) != value
    ]


def changed_functions(baseline: Path, today: Path, scratch: Path) -> str:
    """What abidiff has against today's functions and types; additions are welcome."""
    old, new = stubs(baseline, scratch, "baseline"), stubs(today, scratch, "today")
    done = subprocess.run(["abidiff", "--no-added-syms", old, new], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def missing_symbols(baseline: str, library: Path) -> list[str]:
    """The baseline's functions that the built library does not export."""
    listed = output("nm", "-D", "--defined-only", library)
    exported = {line.split()[2].split("@")[0] for line in listed.splitlines() if len(line.split()) == 3}
    return [name for name in prototypes(baseline) if name not in exported]


def complaints(baseline: Path, today: Path, library: Path | None, scratch: Path) -> list[str]:
    """Everything that breaks the promise."""
    found = changed_constants(baseline.read_text(), today.read_text())
    functions = changed_functions(baseline, today, scratch)
    if functions:
        found.append(f"functions or types have changed:\n{functions.rstrip()}")
    if library:
        found += [f"{library} does not export {name}" for name in missing_symbols(baseline.read_text(), library)]
    return found
