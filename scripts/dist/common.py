"""What the scripts of this folder share: where things are, the version, the time, and running a command."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target").resolve()
TOOLS = TARGET / "dist-tools"
BUILD = TARGET / "dist-build"
SONAME = "libecrhub.so.1"


def version() -> str:
    """The workspace's version."""
    said = re.search(r'^\[workspace\.package\]\nversion = "(.+)"$', (ROOT / "Cargo.toml").read_text(), re.M)
    if not said:
        raise SystemExit("Cargo.toml does not begin [workspace.package] with the version")
    return said[1]


def source_date() -> int:
    """The time everything made carries: the last commit's, unless SOURCE_DATE_EPOCH says another."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return int(given)
    return int(output("git", "log", "-1", "--format=%ct"))


def run(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None, quiet: bool = False) -> None:
    """Runs a command and stops everything when it fails; quietly means that only a failure shows what it said."""
    words = [str(word) for word in command]
    done = started(words, cwd=cwd, env=env, capture_output=quiet, text=True)
    if done.returncode == 0:
        return
    if quiet:
        sys.stderr.write(done.stdout + done.stderr)
    raise SystemExit(f"{words[0]} failed with {done.returncode}: {' '.join(words)}")


def output(*command: object, cwd: Path = ROOT, env: dict[str, str] | None = None) -> str:
    """What a command prints; stops everything when it fails."""
    words = [str(word) for word in command]
    done = started(words, cwd=cwd, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"{words[0]} failed with {done.returncode}: {' '.join(words)}")
    return done.stdout


def started(words: list[str], **how: object) -> subprocess.CompletedProcess:
    """Runs a command that may be missing."""
    try:
        return subprocess.run(words, **how)
    except OSError as error:
        raise SystemExit(f"{words[0]} cannot be run: {error.strerror}") from error


class Times:
    """How long each part took, for the table at the end."""

    def __init__(self) -> None:
        self.parts: list[tuple[str, float]] = []
        self.begun = time.monotonic()

    def part(self, name: str) -> "Part":
        return Part(self, name)

    def table(self) -> str:
        rows = [f"  {seconds:7.1f} s  {name}" for name, seconds in self.parts]
        return "\n".join([*rows, f"  {time.monotonic() - self.begun:7.1f} s  in all"])


class Part:
    """One timed part: `with times.part("linux-x64"):`"""

    def __init__(self, times: Times, name: str) -> None:
        self.times, self.name = times, name

    def __enter__(self) -> None:
        print(f"== {self.name}", flush=True)
        self.begun = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.times.parts.append((self.name, time.monotonic() - self.begun))
