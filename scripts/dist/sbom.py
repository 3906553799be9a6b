"""The bill of materials: CycloneDX 1.5, from cargo's metadata, the same bytes each time."""

import json
import time
import tomllib
import uuid

import crates
from common import ROOT, version
from licences import OTHERS
from platforms import PLATFORMS


def bill(date: int) -> str:
    """Every crate that is inside at least one platform's files, and what is no crate."""
    inside: dict[str, dict] = {}
    uses: dict[str, set[str]] = {}
    where: dict[str, list[str]] = {}
    for platform in PLATFORMS:
        for package in crates.inside(platform.target):
            inside[package["id"]] = package
            where.setdefault(package["id"], []).append(platform.name)
        for id, used in crates.needs(platform.target).items():
            uses.setdefault(id, set()).update(used)
    checksums = locked_checksums()
    components = [component(package, where[id], checksums) for id, package in inside.items()]
    components += [plain(name, licence, place) for name, licence, _, place in OTHERS]
    refs = {id: reference(package) for id, package in inside.items()}
    dependencies = [{"ref": refs[id], "dependsOn": sorted(refs[used] for used in uses.get(id, ()))} for id in inside]
    main = next(package for package in inside.values() if package["name"] == "ecrhub")
    name = f"{main['repository']}#{version()}#{date}"
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        # A document's own number: of this version at this time it is always the same.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}",
        "version": 1,
        "metadata": {
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(date)),
            "component": component(main, where[main["id"]], checksums),
        },
        "components": sorted((c for c in components if c["bom-ref"] != reference(main)), key=lambda c: c["bom-ref"]),
        "dependencies": sorted(dependencies, key=lambda dependency: dependency["ref"]),
    }
    return json.dumps(document, indent=2) + "\n"


def reference(package: dict) -> str:
    return f"pkg:cargo/{package['name']}@{package['version']}"


def component(package: dict, platforms: list[str], checksums: dict[tuple[str, str], str]) -> dict:
    known = (package["name"], package["version"])
    made = {
        "type": "library" if package["name"] != "ecrhub-cli" else "application",
        "bom-ref": reference(package),
        "name": package["name"],
        "version": package["version"],
        "description": " ".join((package["description"] or "").split()),
        "licenses": [{"expression": crates.licence(package)}],
        "purl": reference(package),
        "properties": [{"name": "ecrhub:platforms", "value": " ".join(platforms)}],
    }
    if known in checksums:
        made["hashes"] = [{"alg": "SHA-256", "content": checksums[known]}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def plain(name: str, licence: str, place: str) -> dict:
    return {
        "type": "library",
        "bom-ref": name,
        "name": name,
        "licenses": [{"license": {"name": licence}}],
        "properties": [{"name": "ecrhub:platforms", "value": place}],
    }


def locked_checksums() -> dict[tuple[str, str], str]:
    """What Cargo.lock says each crate's archive must hash to."""
    with open(ROOT / "Cargo.lock", "rb") as lock:
        packages = tomllib.load(lock)["package"]
    return {(p["name"], p["version"]): p["checksum"] for p in packages if "checksum" in p}
