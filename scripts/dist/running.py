"""Programs built against an unpacked archive and run: natively, with another loader, or in an emulator."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from checks import Checks, must, said, with_variables
from common import BUILD, ROOT, TOOLS
from platforms import Platform
from simulator import Simulator
from tree import STATIC_NEEDS

# The C contract. Those with a terminal get its address and a folder.
ALONE = ["arguments", "buffers", "handles", "last_error", "requests", "set_log", "unload", "waiting", "fork"]
AT_A_TERMINAL = ["sales", "wait_fd", "journal", "fork_sale"]


@dataclass(frozen=True)
class Machine:
    """How this box compiles for a platform and runs what it compiled."""

    compiler: tuple[str, ...]
    # What stands before a program, and how it is told where the library is; `{}` is the folder.
    before: tuple[str, ...] = ()
    how: str = "natively"
    # What cannot be tried there, and why.
    left_out: tuple[tuple[str, str], ...] = ()
    # What links with the static library, and what unwinds the stack there.
    static_compiler: tuple[str, ...] = ()
    unwinder: str = "gcc_s"


QEMU_CANNOT = (
    ("fork", "qemu's user mode aborts in a forked child that starts a thread"),
    ("fork_sale", "qemu's user mode aborts in a forked child that starts a thread"),
    ("waiting", "it counts the threads of its process, among which are qemu's"),
)


def in_qemu(emulator: str, triple: str) -> Machine:
    """With Debian's cross compiler, and the C library it comes with."""
    before = (emulator, "-L", f"/usr/{triple}", "-E", "LD_LIBRARY_PATH={}")
    return Machine((f"{triple}-gcc",), before, "in qemu", QEMU_CANNOT)


MACHINES = {
    "linux-x64": Machine(("gcc",)),
    # Debian has no GCC runtime for musl, which Alpine has; zig has its own.
    "linux-x64-musl": Machine(
        ("musl-gcc",),
        how="natively, with Debian's musl",
        left_out=(("unload", "musl never unloads a library, so there is nothing to see"),),
        static_compiler=(str(TOOLS / "bin/python"), "-m", "ziglang", "cc", "-target", "x86_64-linux-musl"),
        unwinder="unwind",
    ),
    "linux-x86": Machine(
        ("i686-linux-gnu-gcc",),
        ("/usr/i686-linux-gnu/lib/ld-linux.so.2", "--library-path", "/usr/i686-linux-gnu/lib:{}"),
        "natively, on a 64-bit kernel",
    ),
    "linux-arm64": in_qemu("qemu-aarch64", "aarch64-linux-gnu"),
    "linux-armv7": in_qemu("qemu-arm", "arm-linux-gnueabihf"),
}


class Runner:
    """One unpacked archive, and a folder for what is built against it."""

    def __init__(self, platform: Platform, tree: Path, scratch: Path) -> None:
        self.platform, self.tree, self.scratch = platform, tree, scratch
        self.machine = MACHINES[platform.name]
        shutil.rmtree(scratch, ignore_errors=True)
        scratch.mkdir(parents=True)

    def compiled(self, compiler: tuple[str, ...], source: Path, name: str, *link: str) -> Path:
        """A program from one source of ours, with every warning an error."""
        program = self.scratch / name
        warnings = ["-Wall", "-Wextra", "-Werror"]
        command = [*compiler, "-std=c11", "-D_GNU_SOURCE", *warnings, "-pthread", f"-I{self.tree / 'include'}"]
        env = with_variables(ZIG_GLOBAL_CACHE_DIR=BUILD / "zig", ZIG_LOCAL_CACHE_DIR=BUILD / "zig")
        said(*command, source, "-o", program, "-Wl,--as-needed", *link, env=env, seconds=600)
        return program

    def with_shared(self, source: Path) -> Path:
        return self.compiled(self.machine.compiler, source, source.stem, f"-L{self.tree / 'lib'}", "-lecrhub", "-ldl")

    def with_static(self, source: Path) -> Path:
        """By its path: beside a shared library, -lecrhub would be that."""
        needs = [self.machine.unwinder if name == "gcc_s" else name for name in STATIC_NEEDS["linux"]]
        compiler = self.machine.static_compiler or self.machine.compiler
        library = str(self.tree / "lib/libecrhub.a")
        return self.compiled(compiler, source, f"{source.stem}-static", library, *(f"-l{name}" for name in needs))

    def before(self) -> list[str]:
        return [word.format(self.tree / "lib") for word in self.machine.before]

    def runs(self, program: Path, *arguments: object, seconds: int = 180) -> str:
        env = with_variables(LD_LIBRARY_PATH=self.tree / "lib") if not self.machine.before else None
        return said(*self.before(), program, *arguments, env=env, seconds=seconds)

    def simulator(self) -> Simulator:
        """The archive's own."""
        return Simulator(self.tree / "bin/ecrhub-simulator", *self.before())


def contract(runner: Runner, checking: Checks) -> None:
    """The C contract programs: those that need no terminal, then those that do, at the archive's own simulator."""
    name, cannot = runner.platform.name, dict(runner.machine.left_out)
    for program in [*ALONE, *AT_A_TERMINAL]:
        source = ROOT / f"tests/c/{program}.c"
        what = f"{name}: {source.relative_to(ROOT)} {runner.machine.how}"
        if program in cannot:
            checking.leave_out(what, cannot[program])
        elif program in ALONE:
            checking.check(what, lambda: alone(runner, source))
        else:
            checking.check(what, lambda: at_terminal(runner, source))


def alone(runner: Runner, source: Path) -> None:
    runner.runs(runner.with_shared(source))


def at_terminal(runner: Runner, source: Path) -> None:
    program = runner.with_shared(source)
    folder = runner.scratch / f"{source.stem}-files"
    folder.mkdir()
    with runner.simulator() as url:
        runner.runs(program, url, folder)


def a_sale_with_the_static_library(runner: Runner) -> str:
    program = runner.with_static(ROOT / "examples/c/sale.c")
    must("libecrhub" not in said("readelf", "-d", program), f"{program} still needs the shared library")
    return approved(runner, program)


def a_sale_by_the_command_line(runner: Runner) -> str:
    with runner.simulator() as url:
        shown = runner.runs(runner.tree / "bin/ecrhub", "sale", "34.50", "--url", url, "--app-id", "test")
    must("approved" in shown.lower(), shown)
    return shown.strip().splitlines()[0]


def approved(runner: Runner, program: Path) -> str:
    with runner.simulator() as url:
        shown = runner.runs(program, url, "test", "34.50")
    must(shown.startswith("approved\n"), shown)
    return "approved"
