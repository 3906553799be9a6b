"""Which crates are inside what ships, from cargo's own metadata."""

import json
from functools import cache
from pathlib import Path

from common import ROOT, output

# What ships, and so what the search begins with.
SHIPPED = ["ecrhub", "ecrhub-cli", "ecrhub-simulator"]


@cache
def metadata(target: str) -> dict:
    return json.loads(output("cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target))


def inside(target: str) -> list[dict]:
    """The crates compiled into the library and the programs for a target, sorted by name and version.

    Not those that only run while building or testing: build scripts' and tests' own, and procedural macros.
    """
    known = metadata(target)
    packages = {package["id"]: package for package in known["packages"]}
    nodes = {node["id"]: node for node in known["resolve"]["nodes"]}
    reached: set[str] = set()
    todo = [id for id, package in packages.items() if package["name"] in SHIPPED and package["source"] is None]
    while todo:
        id = todo.pop()
        if id in reached or is_macro(packages[id]):
            continue
        reached.add(id)
        todo += [dep["pkg"] for dep in nodes[id]["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
    return sorted((packages[id] for id in reached), key=lambda package: (package["name"], package["version"]))


def needs(target: str) -> dict[str, list[str]]:
    """For each crate inside, by its id, the ids of those it uses."""
    known = metadata(target)
    ids = {package["id"] for package in inside(target)}
    used = {}
    for node in known["resolve"]["nodes"]:
        if node["id"] in ids:
            normal = [dep["pkg"] for dep in node["deps"] if any(kind["kind"] is None for kind in dep["dep_kinds"])]
            used[node["id"]] = sorted(id for id in normal if id in ids)
    return used


def is_macro(package: dict) -> bool:
    return any("proc-macro" in target["kind"] for target in package["targets"])


def licence(package: dict) -> str:
    """As SPDX writes it; some crates still separate alternatives with a slash."""
    return (package["license"] or "").replace(" / ", " OR ").replace("/", " OR ")


def licence_files(package: dict) -> list[Path]:
    """The licence texts a crate brings along. A crate without any stops everything: somebody has to look."""
    folder = Path(package["manifest_path"]).parent
    if package["source"] is None:
        folder = ROOT
    begins = ("LICEN", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE")
    found = sorted(file for file in folder.iterdir() if file.is_file() and file.name.upper().startswith(begins))
    if not found or not package["license"]:
        raise SystemExit(f"{package['name']} {package['version']} has no licence text in {folder}")
    return found
