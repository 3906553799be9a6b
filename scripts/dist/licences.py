"""One text with the licences of everything that is inside the library and the programs."""

import re
from pathlib import Path

import crates
from common import ROOT
from platforms import Platform

# What is inside and is no crate: its name, its licence, the text in packaging/licences, and where it is.
OTHERS = [
    ("SQLite", "public domain", "sqlite.txt", "everywhere"),
    ("Rust's standard library", "MIT OR Apache-2.0", "rust-std.txt", "everywhere"),
    ("LLVM's libunwind and compiler-rt", "Apache-2.0 WITH LLVM-exception", "llvm.txt", "linux"),
    ("MinGW-w64's start files", "ZPL-2.1 and public domain", "mingw-w64.txt", "windows"),
    ("GCC's runtime library", "GPL-3.0-or-later WITH GCC-exception-3.1", "gcc.txt", "windows"),
]
RULE = "=" * 100


def others(*platforms: Platform) -> list[tuple[str, str, str]]:
    here = {"everywhere", *("windows" if platform.windows else "linux" for platform in platforms)}
    return [(name, licence, file) for name, licence, file, where in OTHERS if where in here]


def third_party(*platforms: Platform) -> str:
    """The list of what is inside on these platforms, then each text once, with what it is the text of."""
    inside = {p["id"]: p for platform in platforms for p in crates.inside(platform.target) if p["source"]}
    packages = sorted(inside.values(), key=lambda package: (package["name"], package["version"]))
    listed = [f"    {p['name']} {p['version']}: {crates.licence(p)}" for p in packages]
    listed += [f"    {name}: {licence}" for name, licence, _ in others(*platforms)]
    head = (
        "ecrhub itself is MIT OR Apache-2.0: see LICENSE-MIT and LICENSE-APACHE.\n\n"
        "Inside its library and its programs are the following. Their texts come after the list.\n\n"
    )
    return head + "\n".join(listed) + "\n" + "".join(texts(packages, others(*platforms)))


def texts(packages: list[dict], rest: list[tuple[str, str, str]]) -> list[str]:
    """Each licence text once: many crates bring the same one along."""
    of_text: dict[str, tuple[str, list[str]]] = {}
    for package in packages:
        for file in crates.licence_files(package):
            add(of_text, file, f"{package['name']} {package['version']}")
    for name, _, file in rest:
        add(of_text, ROOT / "packaging/licences" / file, name)
    return [f"\n{RULE}\n{', '.join(names)}\n{RULE}\n\n{text}\n" for text, names in of_text.values()]


def add(of_text: dict[str, tuple[str, list[str]]], file: Path, name: str) -> None:
    text = file.read_text(encoding="utf-8", errors="replace").strip()
    same = re.sub(r"\s+", " ", text)
    _, names = of_text.setdefault(same, (text, []))
    if name not in names:
        names.append(name)
