"""What the package says of itself, and how it is built."""

from __future__ import annotations

import inspect
import os
import re
import subprocess
import sys
import time
import urllib.request
import zipfile
from pathlib import Path
from typing import Dict, List

import pytest

import ecrhub
import ecrhub.aio
from ecrhub import _native

from . import till
from .simulator import Simulator

PACKAGE = Path(__file__).resolve().parent.parent
REPOSITORY = PACKAGE.parent.parent
BUILD = [sys.executable, "-m", "hatchling", "build"]


def build(target: str, folder: Path, environment: Dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [*BUILD, "--target", target, "--directory", str(folder)]
    return subprocess.run(command, cwd=PACKAGE, env={**os.environ, **environment}, capture_output=True, text=True)


def metadata(text: str, key: str) -> List[str]:
    return re.findall(rf"^{key}: (.*)$", text, re.MULTILINE)


def test_a_wheel_carries_a_library_that_was_built_for_another_machine(tmp_path: Path) -> None:
    library = tmp_path / "some.dll"
    library.write_bytes(b"a library")
    done = build(
        "wheel", tmp_path, {"ECRHUB_LIBRARY_TO_BUNDLE": str(library), "ECRHUB_WHEEL_PLATFORM": "win_amd64"}
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("*.whl")
    assert wheel.name == f"ecrhub-{ecrhub.version}-py3-none-win_amd64.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        folder = f"ecrhub-{ecrhub.version}.dist-info"
        assert archive.read("ecrhub/ecrhub.dll") == b"a library"
        for name in ("ecrhub/py.typed", "ecrhub/aio.py", f"{folder}/licenses/LICENSE-MIT", f"{folder}/licenses/LICENSE-APACHE"):
            assert len(archive.read(name)) > 0 or name.endswith("py.typed")
        assert not [name for name in names if "test" in name or "pycache" in name or name.endswith(".so")]
        says = archive.read(f"{folder}/METADATA").decode()
        assert "Root-Is-Purelib: false" in archive.read(f"{folder}/WHEEL").decode()
    cargo = (REPOSITORY / "Cargo.toml").read_text()
    assert metadata(says, "Version") == re.findall(r'^version = "(.*)"$', cargo, re.MULTILINE) == [ecrhub.version]
    assert metadata(says, "License-Expression") == re.findall(r'^license = "(.*)"$', cargo, re.MULTILINE)
    assert metadata(says, "Project-URL") == [
        "Repository, " + url for url in re.findall(r'^repository = "(.*)"$', cargo, re.MULTILINE)
    ]
    assert metadata(says, "Requires-Python") == [">=3.9"] and metadata(says, "Requires-Dist") == []
    assert metadata(says, "Keywords") == ["codepay,ecr,payment,pos,terminal"]
    assert metadata(says, "Summary")[0].startswith("Take card payments on a CodePay Register terminal")
    assert (PACKAGE / "README.md").read_text() in says


def test_a_wheel_of_a_checkout_is_built_by_cargo(tmp_path: Path) -> None:
    cargo = tmp_path / "bin" / "cargo"
    cargo.parent.mkdir()
    cargo.write_text(
        "#!/bin/sh\n"
        'echo "$PWD $*" >"$CARGO_TARGET_DIR/said"\n'
        'mkdir -p "$CARGO_TARGET_DIR/release" && echo built >"$CARGO_TARGET_DIR/release/libecrhub.so"\n'
    )
    cargo.chmod(0o755)
    path = f"{cargo.parent}{os.pathsep}{os.environ['PATH']}"
    done = build("wheel", tmp_path, {"PATH": path, "CARGO_TARGET_DIR": str(tmp_path)})
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "said").read_text() == f"{REPOSITORY} build --release --package ecrhub\n"
    (wheel,) = tmp_path.glob("*.whl")
    assert re.fullmatch(r"ecrhub-[\d.]+-py3-none-linux_\w+\.whl", wheel.name)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("ecrhub/libecrhub.so") == b"built\n"


@pytest.mark.parametrize(
    ("environment", "why"),
    [
        ({"ECRHUB_LIBRARY_TO_BUNDLE": "/nowhere/lib.so"}, "ECRHUB_LIBRARY_TO_BUNDLE: there is no library /nowhere/lib.so"),
        ({"PATH": "/nowhere"}, "cargo was not found, and the library has to be built. Install Rust"),
        ({"ECRHUB_WHEEL_PLATFORM": "win32"}, "ECRHUB_WHEEL_PLATFORM is set; then ECRHUB_LIBRARY_TO_BUNDLE has to name"),
    ],
)
def test_a_wheel_that_cannot_be_built_says_why(tmp_path: Path, environment: Dict[str, str], why: str) -> None:
    done = build("wheel", tmp_path, environment)
    assert done.returncode != 0 and why in done.stderr, done.stderr


def test_a_source_distribution_holds_what_a_wheel_needs(tmp_path: Path) -> None:
    import tarfile

    assert build("sdist", tmp_path, {}).returncode == 0
    (sdist,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[1] for name in archive.getnames()}
        licence = archive.extractfile(f"ecrhub-{ecrhub.version}/LICENSE-MIT")
        assert licence is not None and b"Permission is hereby granted" in licence.read()
    assert {"src/ecrhub/__init__.py", "hatch_build.py", "README.md", "pyproject.toml", "PKG-INFO"} <= names
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


def test_the_version_is_the_librarys() -> None:
    assert ecrhub.version == ecrhub.__version__ == _native.library.ecrhub_version().decode()
    assert re.fullmatch(r"\d+\.\d+\.\d+", ecrhub.version)


def test_everything_that_is_offered_is_there_and_explained() -> None:
    for name in ecrhub.__all__:
        assert hasattr(ecrhub, name), name
    for verb in ("sale", "void", "refund", "authorize", "complete", "cashback", "query", "close", "send", "submit"):
        documentation = getattr(ecrhub.Terminal, verb).__doc__
        assert ">>>" in documentation, verb
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        ecrhub.nonsense


def test_everything_has_an_example() -> None:
    places = {f"ecrhub.{name}": getattr(ecrhub, name) for name in ecrhub.__all__}
    for module, terminal in (("ecrhub", ecrhub.Terminal), ("ecrhub.aio", ecrhub.aio.Terminal)):
        members = inspect.getmembers(terminal, inspect.isfunction)
        places.update({f"{module}.Terminal.{name}": member for name, member in members if not name.startswith("_")})
    places.update({f"ecrhub.aio.{name}": getattr(ecrhub.aio, name) for name in ecrhub.aio.__all__})
    explained = {name: place for name, place in places.items() if inspect.isclass(place) or callable(place)}
    assert len(explained) > 60
    assert [name for name, place in explained.items() if name != "ecrhub.Amount" and ">>>" not in (place.__doc__ or "")] == []


def test_a_simulator_ends_with_the_tests_that_started_it(simulator: Simulator) -> None:
    program = till.start(
        """
        import os, signal, sys, time
        sys.path.insert(0, sys.argv[1])
        from tests.simulator import Simulator
        with Simulator(sys.argv[2]) as simulator:
            print(simulator.control, flush=True)
            time.sleep(60)
        """,
        str(PACKAGE),
        simulator.program,
    )
    assert program.stdout is not None
    url = program.stdout.readline().strip()
    program.kill()
    program.wait()
    # Not to their ends: a simulator that is still there has them open.
    for pipe in (program.stdin, program.stdout, program.stderr):
        assert pipe is not None
        pipe.close()
    end = time.monotonic() + 10
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(f"{url}/state").close()
        except OSError:
            return
        time.sleep(0.01)
    raise AssertionError("it is still there")
