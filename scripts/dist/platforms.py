"""What is shipped for which machine: the one table that building, packing and testing read."""

import sys
from dataclasses import dataclass

from common import output


@dataclass(frozen=True)
class Platform:
    """A machine the library is built for."""

    name: str
    target: str
    # The oldest glibc it must run with; none where there is none.
    glibc: str | None
    # Whether the standard library is built too, because the installed toolchain has none for this target.
    build_std: bool
    # .NET's name for it.
    rid: str
    # The tag of its wheel; none where no wheel is made.
    wheel: str | None
    pointer_bits: int

    @property
    def windows(self) -> bool:
        return "windows" in self.target

    @property
    def musl(self) -> bool:
        return self.target.endswith("musl")

    @property
    def windows_bits(self) -> str:
        """How scripts/windows calls it."""
        return "x64" if self.pointer_bits == 64 else "x86"


PLATFORMS = [
    Platform("linux-x64", "x86_64-unknown-linux-gnu", "2.17", False, "linux-x64", "manylinux2014_x86_64", 64),
    Platform("linux-arm64", "aarch64-unknown-linux-gnu", "2.17", True, "linux-arm64", "manylinux2014_aarch64", 64),
    Platform("linux-armv7", "armv7-unknown-linux-gnueabihf", "2.17", True, "linux-arm", "manylinux2014_armv7l", 32),
    Platform("linux-x86", "i686-unknown-linux-gnu", "2.17", True, "linux-x86", None, 32),
    Platform("linux-x64-musl", "x86_64-unknown-linux-musl", None, True, "linux-musl-x64", None, 64),
    Platform("windows-x86", "i686-win7-windows-gnu", None, True, "win-x86", "win32", 32),
    Platform("windows-x64", "x86_64-win7-windows-gnu", None, True, "win-x64", "win_amd64", 64),
]


def host() -> Platform:
    """This machine, as a platform of its own: what the installed toolchain builds runs here, and need run nowhere else."""
    target = next(line.split()[1] for line in output("rustc", "-vV").splitlines() if line.startswith("host:"))
    cpu = target.split("-")[0]
    named = [platform for platform in PLATFORMS if not platform.windows and platform.target.startswith(f"{cpu}-")]
    rid = next((platform.rid for platform in named if platform.musl == target.endswith("musl")), "")
    return Platform("this machine", target, None, False, rid, None, 64 if sys.maxsize > 2**32 else 32)


def chosen(names: list[str]) -> list[Platform]:
    """The platforms with these names, all of them for none."""
    known = {platform.name: platform for platform in PLATFORMS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise SystemExit(f"no such platform: {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] if names else list(PLATFORMS)
