"""The packages for Python and .NET, made of the libraries that were built."""

import base64
import hashlib
import os
import shutil
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import licences
from common import BUILD, ROOT, TOOLS, run, source_date
from platforms import Platform

THIRD_PARTY = "THIRD-PARTY-LICENSES.txt"


def library(built: Path) -> Path:
    """The shared library among what was built."""
    return next(file for file in [built / "ecrhub.dll", built / "libecrhub.so"] if file.exists())


def wheels(platforms: list[Platform], built: Callable[[Platform], Path], into: Path) -> None:
    """A wheel for each platform that has one."""
    for platform in platforms:
        if not platform.wheel:
            continue
        made = BUILD / "wheels" / platform.name
        shutil.rmtree(made, ignore_errors=True)
        env = dict(
            os.environ,
            SOURCE_DATE_EPOCH=str(source_date()),
            ECRHUB_LIBRARY_TO_BUNDLE=str(library(built(platform))),
            ECRHUB_WHEEL_PLATFORM=platform.wheel,
        )
        run(
            TOOLS / "bin/python",
            "-m",
            "build",
            "--wheel",
            "--no-isolation",
            "--outdir",
            made,
            ROOT / "bindings/python",
            env=env,
            quiet=True,
        )
        for wheel in made.glob("*.whl"):
            with_licences(wheel, into / wheel.name, licences.third_party(platform))


def with_licences(wheel: Path, to: Path, text: str) -> None:
    """The wheel with the licences of what is inside its library, which a wheel lists and hashes as all else in it."""
    with zipfile.ZipFile(wheel) as made:
        files = {info.filename: made.read(info) for info in made.infolist()}
    folder = next(name.split("/")[0] for name in files if name.endswith(".dist-info/METADATA"))
    added = f"{folder}/licenses/{THIRD_PARTY}"
    files[added] = text.encode()
    about = files[f"{folder}/METADATA"].decode()
    files[f"{folder}/METADATA"] = about.replace(
        "License-File:", f"License-File: {THIRD_PARTY}\nLicense-File:", 1
    ).encode()
    record = f"{folder}/RECORD"
    files.pop(record)
    lines = [f"{name},sha256={digest(files[name])},{len(files[name])}\n" for name in sorted(files)]
    files[record] = ("".join(lines) + f"{record},,\n").encode()
    write_zip(to, files)


def digest(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def write_zip(to: Path, files: dict[str, bytes]) -> None:
    """Sorted, but for what describes the rest, which comes last; one time for everything."""
    moment = time.gmtime(source_date())[:6]
    with zipfile.ZipFile(to, "w") as packed:
        for name in sorted(files, key=lambda name: (".dist-info/" in name, name)):
            info = zipfile.ZipInfo(name, moment)
            info.create_system, info.external_attr = 3, 0o100644 << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, files[name], compresslevel=9)


def nupkg(platforms: list[Platform], built: Callable[[Platform], Path], into: Path) -> None:
    """One package with the libraries of all platforms, and the licences of what is inside them."""
    text = BUILD / THIRD_PARTY
    text.write_text(licences.third_party(*platforms), encoding="utf-8")
    libraries = [f"{platform.rid}={library(built(platform))}" for platform in platforms]
    run("scripts/build-csharp", quiet=True)
    run("scripts/pack-nupkg", into, *libraries, "--add", f"{THIRD_PARTY}={text}")
