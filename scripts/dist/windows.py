"""What a Windows archive must be like, and a sale with it under Wine."""

import re
import shutil
from pathlib import Path

import abi
import archive
import readme
import windows_dotnet
from build import BINUTILS
from checks import Checks, must, said
from common import ROOT, TARGET, version
from platforms import Platform
from simulator import Simulator
from windows_names import mangled

# What the project builds, and what each says after a sale.
CONSUMERS = [("sale-shared", "approved"), ("sale-static", "approved"), ("till-cpp", "approved: record it")]
FORMATS = {"x64": "pei-x86-64", "x86": "pei-i386"}


def try_everything(platform: Platform, tree: Path, checking: Checks) -> None:
    bits, name = platform.windows_bits, platform.name
    for check in FROM_THE_FILES:
        checking.check(f"{name}: {check.__name__.replace('_', ' ')}", lambda: check(platform, tree))
    scratch = TARGET / "dist-test/programs" / name
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    checking.check(
        f"{name}: a CMake project with MinGW builds", lambda: cmake_builds(platform, tree, scratch / "cmake")
    )
    for program, expected in CONSUMERS:
        checking.check(
            f"{name}: {program} of that project under Wine",
            lambda: sells(platform, tree, scratch / f"cmake/{program}.exe", expected),
        )
    checking.check(
        f"{name}: a sale with Visual Studio's import library under Wine",
        lambda: visual_studios_import_library(platform, tree, scratch),
    )
    checking.check(f"{name}: a sale by the command line under Wine", lambda: command_line(platform, tree))
    checking.check(
        f"{name}: the README under Wine",
        lambda: readme.on_windows(tree, scratch, in_wine(platform), BINUTILS[name] + "gcc-posix"),
    )
    if bits == "x64":
        checking.check(
            f"{name}: the C# till on .NET Core 3.1 for Windows, under Wine",
            lambda: windows_dotnet.a_till(
                tree / "bin/ecrhub.dll", scratch, in_wine(platform), simulator(platform, tree)
            ),
        )
    # The Rust tests, the C contract, stdcall: everything the repository tests for Windows.
    checking.check(
        f"{name}: scripts/windows/test {bits} under Wine",
        lambda: the_repositorys_tests(platform, tree, scratch / "built"),
    )


def the_repositorys_tests(platform: Platform, tree: Path, folder: Path) -> str:
    """With the archive's files, laid out as they were built."""
    folder.mkdir()
    for part in ["bin", "lib"]:
        for file in [path for path in (tree / part).iterdir() if path.is_file()]:
            shutil.copyfile(file, folder / file.name)
    if (tree / "stdcall").exists():
        shutil.copytree(tree / "stdcall", folder / "stdcall")
    shown = said(ROOT / "scripts/windows/test", platform.windows_bits, folder, cwd=ROOT, seconds=3600)
    return "; ".join(re.findall(r"^\w+, (.* passed, 0 failed)$", shown, re.M))


def in_wine(platform: Platform) -> tuple[str, str]:
    return (str(ROOT / "scripts/windows/run"), platform.windows_bits)


def simulator(platform: Platform, tree: Path) -> Simulator:
    """The archive's own, under Wine too."""
    return Simulator(tree / "bin/ecrhub-simulator.exe", *in_wine(platform))


def cmake_builds(platform: Platform, tree: Path, build: Path) -> None:
    """The same project as on Linux, with a compiler for Windows."""
    prefix = BINUTILS[platform.name]
    said(
        "cmake",
        "-S",
        ROOT / "tests/dist/cmake",
        "-B",
        build,
        f"-DCMAKE_PREFIX_PATH={tree}",
        f"-DEXAMPLES={tree / 'share/ecrhub/examples'}",
        "-DCMAKE_SYSTEM_NAME=Windows",
        f"-DCMAKE_C_COMPILER={prefix}gcc-posix",
        f"-DCMAKE_CXX_COMPILER={prefix}g++-posix",
        "-DCMAKE_EXE_LINKER_FLAGS=-static",
        f"-DCMAKE_FIND_ROOT_PATH={tree}",
    )
    said("cmake", "--build", build)
    shutil.copyfile(tree / "bin/ecrhub.dll", build / "ecrhub.dll")


def sells(platform: Platform, tree: Path, program: Path, expected: str) -> None:
    imports = "DLL Name: ecrhub.dll" in objdump(platform, "-p", program)
    must(imports == ("static" not in program.name), f"{program} imports ecrhub.dll: {imports}")
    with simulator(platform, tree) as url:
        shown = said(*in_wine(platform), program, url, "test", "34.50", cwd=program.parent)
    must(expected in shown, shown)


def visual_studios_import_library(platform: Platform, tree: Path, scratch: Path) -> None:
    """Linked by GNU's linker, which reads that format."""
    program = scratch / "sale-lib.exe"
    said(
        BINUTILS[platform.name] + "gcc-posix",
        f"-I{tree / 'include'}",
        tree / "share/ecrhub/examples/c/sale.c",
        "-o",
        program,
        "-static",
        tree / "lib/ecrhub.lib",
    )
    shutil.copyfile(tree / "bin/ecrhub.dll", scratch / "ecrhub.dll")
    sells(platform, tree, program, "approved")


def command_line(platform: Platform, tree: Path) -> str:
    with simulator(platform, tree) as url:
        shown = said(*in_wine(platform), tree / "bin/ecrhub.exe", "sale", "34.50", "--url", url, "--app-id", "test")
    must("approved" in shown.lower(), shown)
    return shown.strip().splitlines()[0]


def binaries(tree: Path) -> list[Path]:
    return sorted([*tree.rglob("*.dll"), *tree.rglob("*.exe")])


def objdump(platform: Platform, *arguments: object) -> str:
    return said(BINUTILS[platform.name] + "objdump", *arguments)


def is_for_this_machine(platform: Platform, tree: Path) -> str:
    files = binaries(tree)
    must({"ecrhub.dll", "ecrhub.exe", "ecrhub-simulator.exe"} <= {file.name for file in files}, f"there are {files}")
    for file in files:
        must(
            f"file format {FORMATS[platform.windows_bits]}" in objdump(platform, "-f", file),
            f"{file} is for another machine",
        )
    return ", ".join(file.name for file in files)


def exports_the_headers_functions(platform: Platform, tree: Path) -> str:
    """And the .def file lists the same."""
    declared = sorted(abi.prototypes((tree / "include/ecrhub.h").read_text()))
    for library in tree.rglob("*.dll"):
        table = objdump(platform, "-p", library).split("[Ordinal/Name Pointer] Table", 1)[-1]
        names = sorted(re.findall(r"^\s+\[ *\d+\].* (\w+)$", table.split("\n\n", 1)[0], re.M))
        must(names == declared, f"{library.name} exports {names}, the header has {declared}")
    listed = (tree / "lib/ecrhub.def").read_text().split("EXPORTS", 1)[1].split()
    must(sorted(listed) == declared, f"ecrhub.def lists {listed}")
    return f"{len(declared)} functions"


def imports_what_windows_7_has(_: Platform, tree: Path) -> None:
    for file in binaries(tree):
        said(ROOT / "scripts/windows/check-imports", file, cwd=ROOT)


def tells_no_path_of_the_builders_machine(_: Platform, tree: Path) -> None:
    for file in [*binaries(tree), *tree.rglob("*.a")]:
        content = file.read_bytes()
        for path in {str(ROOT), mangled(ROOT), str(Path.home() / ".cargo"), "/usr/src/rustc"}:
            must(path.encode() not in content, f"{file} contains {path}")


def has_its_version(_: Platform, tree: Path) -> str:
    """The resource that Windows shows in a file's properties, in its UTF-16."""
    for library in tree.rglob("*.dll"):
        must(version().encode("utf-16-le") in library.read_bytes(), f"{library} has no version {version()}")
    return version()


def declarations_end_their_lines_as_windows_does(platform: Platform, tree: Path) -> str:
    """Visual Basic 6 takes a module with other line ends for one long line."""
    files = sorted([*tree.rglob("*.bas"), *tree.rglob("*.pas")])
    must(len(files) == (2 if platform.windows_bits == "x86" else 0), f"there are {files}")
    for file in files:
        content = file.read_bytes()
        must(re.fullmatch(rb"([\t -~]*\r\n)+", content), f"{file} has other line ends, or more than ASCII")
    return ", ".join(file.name for file in files) or "none here"


FROM_THE_FILES = [
    *archive.CHECKS,
    is_for_this_machine,
    exports_the_headers_functions,
    imports_what_windows_7_has,
    tells_no_path_of_the_builders_machine,
    has_its_version,
    declarations_end_their_lines_as_windows_does,
]
