"""Puts the shared library into the wheel, and says for which platform the wheel is."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

#: A library that has been built already; without it, cargo builds one.
LIBRARY = "ECRHUB_LIBRARY_TO_BUNDLE"
#: The wheel's platform tag, where the library is for another machine than this one.
PLATFORM = "ECRHUB_WHEEL_PLATFORM"

_FILE_NAMES = {"win": "ecrhub.dll", "macosx": "libecrhub.dylib"}


class Hook(BuildHookInterface[Any]):
    """Called by hatchling for every wheel and source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name == "sdist":
            # In a checkout they are links to the repository's own, which would lead nowhere from here.
            for licence in Path(self.root).glob("LICENSE-*"):
                build_data["force_include"].pop(str(licence), None)
                build_data["force_include"][str(licence.resolve())] = licence.name
            return
        if version == "editable":
            return  # The package is used where it lies; ECRHUB_LIBRARY names the library.
        platform = os.environ.get(PLATFORM) or sysconfig.get_platform()
        platform = platform.replace("-", "_").replace(".", "_")
        name = _file_name(platform)
        named = os.environ.get(LIBRARY)
        library = Path(named) if named else self._build(name)
        if not library.is_file():
            raise SystemExit(f"ecrhub: {LIBRARY if named else 'cargo'}: there is no library {library}")
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["force_include"][str(library)] = f"ecrhub/{name}"

    def _build(self, name: str) -> Path:
        """Has cargo build the library of the checkout this package lies in."""
        root = Path(self.root).parent.parent
        if not (root / "Cargo.toml").is_file():
            raise SystemExit(
                "ecrhub: this is no checkout, so the library cannot be built here. "
                f"Name one that has been built in the environment variable {LIBRARY}."
            )
        if os.environ.get(PLATFORM):
            raise SystemExit(f"ecrhub: {PLATFORM} is set; then {LIBRARY} has to name the library for that platform.")
        cargo = shutil.which("cargo")
        if cargo is None:
            raise SystemExit(
                "ecrhub: cargo was not found, and the library has to be built. Install Rust (rust-lang.org), "
                f"or name a library that has been built in the environment variable {LIBRARY}."
            )
        print("ecrhub: building the library with cargo", file=sys.stderr)
        subprocess.run([cargo, "build", "--release", "--package", "ecrhub"], cwd=root, check=True)
        target = Path(os.environ.get("CARGO_TARGET_DIR") or root / "target")
        return root / target / "release" / name


def _file_name(platform: str) -> str:
    for start, name in _FILE_NAMES.items():
        if platform.startswith(start):
            return name
    return "libecrhub.so"
