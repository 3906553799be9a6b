"""The archive's README, followed block by block in a copy of the archive."""

import re
import shlex
import shutil
import socket
from pathlib import Path

from checks import must, said, script_said
from consumers import needs_the_library
from running import Runner
from simulator import Simulator

# Where the README has its simulator listen.
PORT = 35779
# What the README leaves to its reader: a project that the block can be added to.
PROJECT = """cmake_minimum_required(VERSION 3.13)
project(till C)
add_executable(till share/ecrhub/examples/c/till.c)
"""


def a_copy(tree: Path, scratch: Path) -> Path:
    """What the README makes shall not lie in the archive that everything else tries."""
    folder = scratch / "readme"
    shutil.copytree(tree, folder, symlinks=True)
    return folder


def blocks(folder: Path, language: str, count: int) -> list[str]:
    text = (folder / "README.md").read_text(encoding="utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.S | re.M)
    must(len(found) == count, f"{len(found)} blocks of {language} in README.md")
    return found


def port_is_free() -> None:
    """Or the sale would be taken by whoever listens there."""
    with socket.socket() as asked:
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", PORT))
        except OSError as why:
            must(False, f"the README's port {PORT} is taken, by a simulator that somebody left running? {why}")


def on_linux(runner: Runner) -> str:
    """The platform's compiler is called cc; before each program stands what runs it here, if it takes something."""
    folder = a_copy(runner.tree, runner.scratch)
    script = "".join(blocks(folder, "sh", 2))
    before = shlex.join(word.format("lib") for word in runner.machine.before)
    for program in ["bin/ecrhub-simulator", "./sale"]:
        must(script.count(f"{program} ") == 1, f"{program} is not run once\n{script}")
        script = script.replace(f"{program} ", f"{before} {program} ".lstrip())
    named_cc = runner.scratch / "named-cc"
    named_cc.mkdir()
    (named_cc / "cc").write_text(f'#!/bin/sh\nexec {shlex.join(runner.machine.compiler)} "$@"\n')
    (named_cc / "cc").chmod(0o755)
    port_is_free()
    shown = script_said(f"PATH={shlex.quote(str(named_cc))}:$PATH\n{script}", cwd=folder)
    # The simulator's own lines may come in between.
    must(re.search(r'^approved$.*^\{"event":"completed"', shown, re.M | re.S), shown)
    for program in ["sale", "till"]:
        needs_the_library(folder / program, True)
    compiler = [f"-DCMAKE_C_COMPILER={runner.machine.compiler[0]}"]
    if before:
        compiler.append("-DCMAKE_SYSTEM_NAME=Linux")
    needs_the_library(by_cmake(folder, "ecrhub::ecrhub", compiler) / "till", True)
    if runner.machine.static_compiler:
        return "shell and CMake, approved; without ecrhub::static"
    needs_the_library(by_cmake(folder, "ecrhub::static", compiler) / "till", False)
    return "shell and CMake, approved"


def by_cmake(folder: Path, target: str, settings: list[str]) -> Path:
    """The README's block in a project, with one of the targets it names. Gives where things were built."""
    block = blocks(folder, "cmake", 1)[0]
    must("ecrhub::ecrhub)" in block, block)
    (folder / "CMakeLists.txt").write_text(PROJECT + block.replace("ecrhub::ecrhub)", f"{target})"))
    build = folder / f"build-{target.replace('::', '-')}"
    said("cmake", "-S", folder, "-B", build, f"-DCMAKE_PREFIX_PATH={folder}", *settings)
    said("cmake", "--build", build)
    return build


def on_windows(tree: Path, scratch: Path, in_wine: tuple[str, str], gcc: str) -> str:
    """MinGW's gcc runs here and wants the other slashes; what is typed after it goes to Wine's command interpreter."""
    folder = a_copy(tree, scratch)
    visual_studio, mingw, sale = blocks(folder, "bat", 3)
    must(visual_studio.startswith("cl ") and mingw.startswith("gcc "), f"{visual_studio}{mingw}")
    said(gcc, *mingw.replace("\\", "/").split()[1:], cwd=folder)
    (folder / "typed.bat").write_text(sale, newline="\r\n")
    port_is_free()
    with Simulator(folder / "bin/ecrhub-simulator.exe", *in_wine, arguments=()):
        shown = said(*in_wine, "cmd", "/c", "typed.bat", cwd=folder)
    must(re.search(r"^approved\s*\n\{", shown, re.M), shown)
    windows = ["-DCMAKE_SYSTEM_NAME=Windows", f"-DCMAKE_C_COMPILER={gcc}"]
    for target, imported in [("ecrhub::ecrhub", True), ("ecrhub::static", False)]:
        program = by_cmake(folder, target, windows) / "till.exe"
        must((b"ecrhub.dll\0" in program.read_bytes()) == imported, f"{program} imports ecrhub.dll: {not imported}")
    return "MinGW and CMake, approved; without Visual Studio"
