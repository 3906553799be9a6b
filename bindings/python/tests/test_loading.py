"""Where the library is looked for, and what is said when it is not the right one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Dict, Tuple

import pytest

from ecrhub import _native

from . import till

NOTHING = {"ECRHUB_LIBRARY": "", "LD_LIBRARY_PATH": ""}


def import_fails(sources: Path, environment: Dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "-c", "import ecrhub"],
        env={**os.environ, "PYTHONPATH": str(sources), **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout
    last = done.stderr[done.stderr.rindex("ecrhub._errors.LibraryError: ") :]
    return last[len("ecrhub._errors.LibraryError: ") :]


def test_a_failure_says_where_it_looked() -> None:
    said = import_fails(till.SOURCES, NOTHING).splitlines()
    assert said[0] == "the library libecrhub.so was not found. Looked at:"
    assert said[1] == f"  {till.SOURCES / 'ecrhub' / 'libecrhub.so'} (beside the package): not there"
    assert said[2] == "  the environment variable ECRHUB_LIBRARY: not set"
    assert [line.split(" (on the system): ")[0] for line in said[3:]] == ["  libecrhub.so.1", "  libecrhub.so"]
    assert "cannot open shared object file" in said[3]


def test_a_library_that_was_named_and_is_not_there(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing.so")
    assert import_fails(till.SOURCES, {**NOTHING, "ECRHUB_LIBRARY": missing}).startswith(
        f"the library {missing} does not load: "
    )


def compile_library(tmp_path: Path, source: str) -> str:
    library = tmp_path / "libfake.so"
    code = tmp_path / "fake.c"
    code.write_text(source)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(code)], check=True)
    return str(library)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            "unsigned ecrhub_abi_version(void) { return 2; } const char *ecrhub_version(void) { __builtin_trap(); }",
            "has ABI version 2, this package needs 1: install the package and the library of one release",
        ),
        ("int x;", "has no function ecrhub_abi_version; it is no ecrhub library"),
        (
            "unsigned ecrhub_abi_version(void) { return 1; }",
            "has no function ecrhub_version; it is no ecrhub library",
        ),
    ],
)
def test_another_library_is_not_called(tmp_path: Path, source: str, why: str) -> None:
    library = compile_library(tmp_path, source)
    assert import_fails(till.SOURCES, {"ECRHUB_LIBRARY": library}) == f"{library} {why}\n"


def copy_of_the_package(tmp_path: Path) -> Path:
    sources = tmp_path / "src"
    shutil.copytree(till.SOURCES, sources, ignore=shutil.ignore_patterns("__pycache__", "libecrhub.so"))
    return sources


def this_library() -> str:
    return str(Path(_native.library._name).resolve())


@pytest.mark.parametrize("place", ["beside", "named", "system"])
def test_it_is_found_in_each_place(tmp_path: Path, place: str) -> None:
    sources = copy_of_the_package(tmp_path)
    environment = {**NOTHING, "PYTHONPATH": str(sources)}
    beside = sources / "ecrhub" / "libecrhub.so"
    if place == "beside":
        # It comes first: what is named besides is not even looked at.
        shutil.copy(this_library(), beside)
        environment["ECRHUB_LIBRARY"] = "/nowhere.so"
    elif place == "named":
        environment["ECRHUB_LIBRARY"] = this_library()
    else:
        (tmp_path / "lib").mkdir()
        shutil.copy(this_library(), tmp_path / "lib" / "libecrhub.so.1")
        environment["LD_LIBRARY_PATH"] = str(tmp_path / "lib")
    out = till.run("import ecrhub; print(ecrhub._native.library._name)", environment=environment)
    expected: Tuple[str, ...] = (str(beside), this_library(), "libecrhub.so.1")
    assert out.strip() == dict(zip(("beside", "named", "system"), expected))[place]


def test_a_broken_library_beside_the_package_is_not_replaced_by_another(tmp_path: Path) -> None:
    sources = copy_of_the_package(tmp_path)
    beside = sources / "ecrhub" / "libecrhub.so"
    beside.write_text("broken")
    assert import_fails(sources, {"ECRHUB_LIBRARY": this_library()}).startswith(f"the library {beside} does not load: ")


def test_asyncio_is_imported_only_by_who_uses_it() -> None:
    out = till.run(
        """
        import sys, ecrhub
        print("asyncio" in sys.modules)
        print(ecrhub.aio.connect.__name__, "asyncio" in sys.modules)
        """
    )
    assert out.splitlines() == ["False", "connect True"]


@pytest.mark.parametrize(
    ("platform", "name"), [("linux", "libecrhub.so"), ("win32", "ecrhub.dll"), ("darwin", "libecrhub.dylib")]
)
def test_the_file_is_named_as_the_system_names_it(platform: str, name: str) -> None:
    assert _native.file_name(platform) == name
