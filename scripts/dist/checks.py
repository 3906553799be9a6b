"""Counting what passed and what failed, with the time of each."""

import os
import subprocess
import time
import traceback
from collections.abc import Callable
from pathlib import Path


class Failed(Exception):
    """A check that did not hold, in words."""


class Checks:
    """Runs checks one after the other; one that fails does not keep the next from running."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed: list[str] = []
        self.begun = time.monotonic()

    def check(self, name: str, work: Callable[[], object]) -> None:
        begun = time.monotonic()
        try:
            said = work()
        except Failed as why:
            self.fault(name, str(why))
        except SystemExit as why:
            self.fault(name, str(why))
        except Exception:
            self.fault(name, traceback.format_exc())
        else:
            self.passed += 1
            note = f": {said}" if isinstance(said, str) else ""
            print(f"  ok    {time.monotonic() - begun:6.1f} s  {name}{note}", flush=True)

    def leave_out(self, name: str, why: str) -> None:
        """Something this machine cannot try, said aloud and counted as nothing."""
        print(f"  left out       {name}: {why}", flush=True)

    def fault(self, name: str, why: str) -> None:
        self.failed.append(name)
        print(f"  FAIL  {name}\n        " + why.strip().replace("\n", "\n        "), flush=True)

    def close(self) -> int:
        """The closing lines, and what the process should exit with."""
        for name in self.failed:
            print(f"failed: {name}")
        print(f"{time.monotonic() - self.begun:.0f} seconds\n{self.passed} passed, {len(self.failed)} failed")
        return 1 if self.failed else 0


def must(condition: object, otherwise: str) -> None:
    if not condition:
        raise Failed(otherwise)


def said(
    *command: object, cwd: Path | None = None, env: dict[str, str] | None = None, seconds: int = 120, status: int = 0
) -> str:
    """What a command says on both streams; it must end in time, and with this status."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            timeout=seconds,
        )
    except subprocess.TimeoutExpired as late:
        raise Failed(f"{' '.join(words)} did not end within {seconds} s\n{late.output or ''}") from late
    except OSError as error:
        raise Failed(f"{' '.join(words)}: {error}") from error
    must(done.returncode == status, f"{' '.join(words)} ended with {done.returncode}\n{done.stdout}")
    return done.stdout


def with_variables(**variables: object) -> dict[str, str]:
    return dict(os.environ, **{name: str(value) for name, value in variables.items()})
