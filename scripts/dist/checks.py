"""Counting what passed and what failed, with the time of each."""

import os
import signal
import subprocess
import tempfile
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
        print(f"{self.passed} passed, {len(self.failed)} failed")
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


def script_said(script: str, cwd: Path, env: dict[str, str] | None = None, seconds: int = 120) -> str:
    """What a shell says that stops at the first failure. Whatever the script has started ends with it.

    What it says goes to a file: a pipe would stay open for as long as anything it started lives.
    """
    with tempfile.TemporaryFile("w+", errors="replace") as heard:
        shell = subprocess.Popen(
            ["sh", "-e", "-c", script],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=heard,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status = shell.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            end_group(shell)
        heard.seek(0)
        shown = heard.read()
    must(status is not None, f"did not end within {seconds} s\n{script}\n{shown}")
    must(status == 0, f"ended with {status}\n{script}\n{shown}")
    return shown


def end_group(leader: subprocess.Popen) -> None:
    """Ends all that a process with a session of its own has started."""
    try:
        os.killpg(leader.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    leader.wait()


def with_variables(**variables: object) -> dict[str, str]:
    return dict(os.environ, **{name: str(value) for name, value in variables.items()})
