"""Programs of their own, for what can only be seen from outside: signals, forks, the end of the interpreter."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Dict, Optional

SOURCES = Path(__file__).resolve().parent.parent / "src"
#: Longer than anything takes that works.
PATIENCE = 60


def start(code: str, *arguments: str, environment: Optional[Dict[str, str]] = None) -> "subprocess.Popen[str]":
    """Runs a piece of Python, which finds ``arguments`` in ``sys.argv``."""
    return subprocess.Popen(
        [sys.executable, "-X", "dev", "-W", "error", "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": str(SOURCES), **(environment or {})},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(program: "subprocess.Popen[str]") -> str:
    """What a program printed that ended well, in time, without a word on its error output."""
    try:
        out, err = program.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        program.kill()
        out, err = program.communicate()
        raise AssertionError(f"the program hangs: {out}{err}") from None
    assert (program.returncode, err) == (0, ""), f"{out}{err}"
    return out


def run(code: str, *arguments: str, environment: Optional[Dict[str, str]] = None) -> str:
    return finish(start(code, *arguments, environment=environment))
