"""A static library that is a good guest: one object that gives the header's functions and no other name.

What cargo leaves has all of Rust and all of SQLite in it under names a program may have too; one with an SQLite of its
own would not link, or would use parts of two. Here everything is bound together, what nobody calls is dropped, and
what is left but for the header's functions becomes nobody else's.
"""

import shutil
import tempfile
from pathlib import Path

import abi
from common import ROOT, output


def tidy(library: Path, into: Path, prefix: str = "") -> None:
    """`prefix` is what the binutils for this machine begin with, as in "aarch64-linux-gnu-"."""
    functions = sorted(abi.prototypes((ROOT / "include/ecrhub.h").read_text()))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        plain, bound, names = scratch / "plain.a", scratch / "ecrhub.o", scratch / "names"
        shutil.copyfile(library, plain)
        # Debug information that lies in members of its own, some of them without a section, which objcopy refuses.
        debug_only = [name for name in output(f"{prefix}ar", "t", plain).split() if name.endswith(".dwo")]
        if debug_only:
            output(f"{prefix}ar", "d", plain, *debug_only)
        # The compiler's own intermediate code would bring linkers' plug-ins into this.
        output(f"{prefix}objcopy", "--strip-debug", "-R", ".llvmbc", "-R", ".llvmcmd", plain)
        output(f"{prefix}ld", "-r", "--gc-sections", *(f"--undefined={name}" for name in functions), "-o", bound, plain)
        names.write_text("".join(f"{name}\n" for name in functions))
        output(f"{prefix}objcopy", f"--keep-global-symbols={names}", "--strip-unneeded", bound)
        into.unlink(missing_ok=True)
        output(f"{prefix}ar", "rcsD", into, bound)
