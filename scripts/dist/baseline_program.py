"""A program built against the baseline's header, run with today's library."""

import os
import subprocess
from pathlib import Path

from common import ROOT, SONAME, output
from simulator import Simulator

SOURCE = ROOT / "tests/dist/baseline.c"


def build(header: Path, scratch: Path) -> Path:
    """Compiles and links it with nothing of today's: its library at link time is the baseline's stubs."""
    program = scratch / "baseline-program"
    output(
        "cc",
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-Werror",
        f"-I{scratch / 'baseline'}",
        SOURCE,
        "-o",
        program,
        f"-L{scratch / 'baseline'}",
        "-lecrhub",
    )
    return program


def run(header: Path, library: Path, simulator: Path | None, scratch: Path) -> None:
    program = build(header, scratch)
    folder = scratch / "library"
    folder.mkdir()
    (folder / SONAME).symlink_to(library.resolve())
    with Simulator(simulator or library.resolve().parent / "ecrhub-simulator") as url:
        done = subprocess.run(
            [program, url],
            env=dict(os.environ, LD_LIBRARY_PATH=str(folder)),
            capture_output=True,
            text=True,
            timeout=60,
        )
    if done.returncode != 0:
        raise SystemExit(
            f"abi-check: a program built against {header.name} fails with {library}\n{done.stdout}{done.stderr}"
        )
