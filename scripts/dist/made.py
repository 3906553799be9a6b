"""What lies beside the archives: checksums, the bill of materials, the wheels and the NuGet package."""

import csv
import hashlib
import io
import json
import shutil
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import packages
from checks import Checks, must, said
from common import ROOT, TOOLS, version
from platforms import PLATFORMS, Platform
from simulator import Simulator

SALE = """
import ecrhub, pathlib, sys
assert str(pathlib.Path(ecrhub.__file__)).startswith(sys.prefix), ecrhub.__file__
with ecrhub.connect(sys.argv[1], app_id="test") as terminal:
    print(terminal.sale(order_no="WHEEL1", amount="34.50"))
"""


def try_everything(dist: Path, platforms: list[Platform], scratch: Path, checking: Checks) -> None:
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    checking.check("SHA256SUMS holds for every file", lambda: checksums(dist))
    checking.check("the bill of materials names what Cargo.lock does", lambda: bill(dist))
    for platform in platforms:
        if platform.wheel:
            checking.check(
                f"{platform.name}: the wheel is whole, and has the archive's library",
                lambda: wheel_is_whole(dist, platform),
            )
    if any(platform.name == "linux-x64" for platform in platforms):
        checking.check("linux-x64: the wheel is manylinux2014, says auditwheel", lambda: audited(dist))
        checking.check("linux-x64: the wheel in a fresh environment, and a sale", lambda: wheel_sells(dist, scratch))
    checking.check("the NuGet package", lambda: nupkg(dist, platforms))


def checksums(dist: Path) -> str:
    names = []
    for line in (dist / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        must(hashlib.sha256((dist / name).read_bytes()).hexdigest() == digest, f"{name} is another file")
        names.append(name)
    there = sorted(file.name for file in dist.iterdir() if file.name != "SHA256SUMS")
    must(names == there, f"listed: {names}\nthere: {there}")
    return f"{len(names)} files"


def bill(dist: Path) -> str:
    document = json.loads((dist / f"ecrhub-{version()}.cdx.json").read_text())
    must((document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.5"), "it is another format")
    with open(ROOT / "Cargo.lock", "rb") as lock:
        locked = {(p["name"], p["version"]): p.get("checksum") for p in tomllib.load(lock)["package"]}
    crates = [c for c in document["components"] if c.get("purl", "").startswith("pkg:cargo/")]
    for crate in crates:
        known = (crate["name"], crate["version"])
        must(known in locked, f"{known} is not in Cargo.lock")
        hashes = [entry["content"] for entry in crate.get("hashes", [])]
        must(hashes == [locked[known]] or locked[known] is None, f"{known} has another checksum")
        must(crate["licenses"], f"{known} has no licence")
    refs = {c["bom-ref"] for c in document["components"]} | {document["metadata"]["component"]["bom-ref"]}
    used = {ref for entry in document["dependencies"] for ref in [entry["ref"], *entry["dependsOn"]]}
    must(used <= refs, f"used and not listed: {used - refs}")
    must({"rusqlite", "tungstenite", "mio"} <= {c["name"] for c in crates}, "the library's own crates are missing")
    return f"{len(crates)} crates, {len(document['components']) - len(crates)} others"


def the_wheel(dist: Path, platform: Platform) -> Path:
    wheel = dist / f"ecrhub-{version()}-py3-none-{platform.wheel}.whl"
    must(wheel.exists(), f"{wheel} is missing; there are {[file.name for file in dist.glob('*.whl')]}")
    return wheel


def wheel_is_whole(dist: Path, platform: Platform) -> str:
    """Every file is listed with its hash, as pip checks it, and the library is the one that was tried."""
    with zipfile.ZipFile(the_wheel(dist, platform)) as packed:
        files = {name: packed.read(name) for name in packed.namelist()}
    folder = f"ecrhub-{version()}.dist-info"
    for name, digest, size in csv.reader(io.StringIO(files[f"{folder}/RECORD"].decode())):
        must(name in files, f"RECORD lists {name}, which is not there")
        must(
            name.endswith("/RECORD")
            or (digest, int(size)) == (f"sha256={packages.digest(files[name])}", len(files[name])),
            f"RECORD is wrong about {name}",
        )
    must(f"Tag: py3-none-{platform.wheel}\n" in files[f"{folder}/WHEEL"].decode(), files[f"{folder}/WHEEL"].decode())
    must(f"{folder}/licenses/{packages.THIRD_PARTY}" in files, "the licences of what is inside are missing")
    name = "ecrhub.dll" if platform.windows else "libecrhub.so"
    must(files[f"ecrhub/{name}"] == library_in_archive(dist, platform), "it has another library than the archive")
    return f"{len(files)} files"


def library_in_archive(dist: Path, platform: Platform) -> bytes:
    folder = f"ecrhub-{version()}-{platform.name}"
    if platform.windows:
        with zipfile.ZipFile(dist / f"{folder}.zip") as packed:
            return packed.read(f"{folder}/bin/ecrhub.dll")
    with tarfile.open(dist / f"{folder}.tar.gz") as packed:
        file = packed.extractfile(f"{folder}/lib/libecrhub.so.{version()}")
        must(file, "the archive has no library")
        return file.read()


def audited(dist: Path) -> str:
    shown = said(TOOLS / "bin/auditwheel", "show", the_wheel(dist, PLATFORMS[0]))
    must("manylinux_2_17_x86_64" in shown, shown)
    return "manylinux_2_17_x86_64"


def wheel_sells(dist: Path, scratch: Path) -> str:
    """In an environment that has nothing: no variables, no compiler, no cargo, no index to ask."""
    fresh = scratch / "fresh"
    said(sys.executable, "-m", "venv", fresh)
    bare = {"PATH": str(fresh / "bin"), "HOME": str(scratch)}
    said(
        fresh / "bin/python",
        "-m",
        "pip",
        "install",
        "--no-index",
        "--disable-pip-version-check",
        the_wheel(dist, PLATFORMS[0]),
        env=bare,
    )
    with tarfile.open(dist / f"ecrhub-{version()}-linux-x64.tar.gz") as packed:
        packed.extractall(scratch / "x64", filter="tar")
    with Simulator(scratch / f"x64/ecrhub-{version()}-linux-x64/bin/ecrhub-simulator") as url:
        shown = said(fresh / "bin/python", "-I", "-c", SALE, url, env=bare, cwd=scratch)
    must("approved" in shown, shown)
    return shown.strip()


def nupkg(dist: Path, platforms: list[Platform]) -> str:
    """Its own checker knows the layout; here, that the libraries are the archives' own."""
    package = dist / f"Ecrhub.{version()}.nupkg"
    rids = [platform.rid for platform in platforms]
    said(ROOT / "scripts/check-nupkg", package, *(rids if len(rids) == len(PLATFORMS) else []))
    with zipfile.ZipFile(package) as packed:
        must(packages.THIRD_PARTY in packed.namelist(), "the licences of what is inside are missing")
        for platform in platforms:
            name = "ecrhub.dll" if platform.windows else "libecrhub.so"
            inside = packed.read(f"runtimes/{platform.rid}/native/{name}")
            must(inside == library_in_archive(dist, platform), f"{platform.rid} has another library than the archive")
    return ", ".join(rids)
