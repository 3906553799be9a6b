"""Projects of other people: CMake, pkg-config and a plain compiler, against an installed tree or an unpacked archive."""

import re
import shlex
import shutil
from pathlib import Path

from checks import Checks, must, said, with_variables
from common import ROOT
from simulator import Simulator


def consumers(name: str, tree: Path, scratch: Path, checking: Checks) -> None:
    """All of them, each with a sale at the tree's own simulator."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    checking.check(f"{name}: a CMake project, shared, static and C++", lambda: cmake(tree, scratch))
    checking.check(f"{name}: pkg-config, shared", lambda: pkg_config(tree, scratch))
    checking.check(f"{name}: pkg-config, static", lambda: pkg_config_static(tree, scratch))
    checking.check(f"{name}: plain g++", lambda: plain_cpp(tree, scratch))


def sells(tree: Path, program: Path, expected: str) -> None:
    """The program finds its library and is approved once."""
    with Simulator(tree / "bin/ecrhub-simulator") as url:
        shown = said(program, url, "test", "34.50", env=with_variables(LD_LIBRARY_PATH=tree / "lib"))
    must(expected in shown, shown)


def needs_the_library(program: Path, shared: bool) -> None:
    needed = re.findall(r"\(NEEDED\).*\[(libecrhub.*)\]", said("readelf", "-d", program))
    must(needed == (["libecrhub.so.1"] if shared else []), f"{program} needs {needed}")


def cmake(tree: Path, scratch: Path) -> None:
    build = scratch / "cmake"
    said(
        "cmake",
        "-S",
        ROOT / "tests/dist/cmake",
        "-B",
        build,
        f"-DCMAKE_PREFIX_PATH={tree}",
        f"-DEXAMPLES={tree / 'share/ecrhub/examples'}",
    )
    said("cmake", "--build", build)
    for program, shared, expected in [
        ("sale-shared", True, "approved\n"),
        ("sale-static", False, "approved\n"),
        ("till-cpp", True, "approved: record it"),
    ]:
        needs_the_library(build / program, shared)
        sells(tree, build / program, expected)


def cmake_refuses(tree: Path, scratch: Path) -> None:
    """A 64-bit project does not take a 32-bit library, and says so before it links."""
    shutil.rmtree(scratch, ignore_errors=True)
    project = ["-S", ROOT / "tests/dist/cmake", "-B", scratch, f"-DEXAMPLES={tree / 'share/ecrhub/examples'}"]
    shown = said("cmake", *project, f"-DCMAKE_PREFIX_PATH={tree}", status=1)
    must("ecrhub-config.cmake, version: " in shown and "(32 bit)" in shown, shown)


def pkg_config_flags(tree: Path, *asked: str) -> list[str]:
    env = with_variables(PKG_CONFIG_PATH=tree / "lib/pkgconfig")
    return shlex.split(said("pkg-config", *asked, "ecrhub", env=env))


def pkg_config(tree: Path, scratch: Path) -> None:
    program = scratch / "pkg-config-shared"
    said("cc", tree / "share/ecrhub/examples/c/sale.c", "-o", program, *pkg_config_flags(tree, "--cflags", "--libs"))
    needs_the_library(program, True)
    sells(tree, program, "approved\n")


def pkg_config_static(tree: Path, scratch: Path) -> None:
    program = scratch / "pkg-config-static"
    flags = pkg_config_flags(tree, "--static", "--cflags", "--libs")
    flags = ["-l:libecrhub.a" if flag == "-lecrhub" else flag for flag in flags]
    said("cc", tree / "share/ecrhub/examples/c/sale.c", "-o", program, *flags)
    needs_the_library(program, False)
    sells(tree, program, "approved\n")


def plain_cpp(tree: Path, scratch: Path) -> None:
    program = scratch / "till"
    said(
        "c++",
        "-std=c++17",
        f"-I{tree / 'include'}",
        tree / "share/ecrhub/examples/cpp/till.cpp",
        "-o",
        program,
        f"-L{tree / 'lib'}",
        "-lecrhub",
    )
    sells(tree, program, "approved: record it")
