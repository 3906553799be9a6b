"""What every archive must be like, whatever it is for."""

import re
from pathlib import Path

from checks import must
from platforms import Platform

# What a library may weigh, stripped as it ships: 3 MB.
LIMIT = 3_000_000


def libraries(folder: Path) -> list[Path]:
    """Every shared library, each once."""
    found = [*folder.rglob("*.dll"), *folder.rglob("*.so"), *folder.rglob("*.so.*")]
    return sorted(path for path in found if not path.is_symlink())


def libraries_are_small(_: Platform, tree: Path) -> str:
    sizes = {library.name: library.stat().st_size for library in libraries(tree)}
    must(sizes, f"{tree} has no library")
    heavy = [name for name, size in sizes.items() if size > LIMIT]
    said = ", ".join(f"{name} {size:,}" for name, size in sizes.items())
    must(not heavy, f"more than {LIMIT:,} bytes: {said}")
    return f"{said} bytes"


def pages_lead_somewhere(_: Platform, tree: Path) -> str:
    """Each link of a page to another file leads to one that is in the archive too."""
    pages, count = sorted(tree.rglob("*.md")), 0
    for page in pages:
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if not link.startswith(("https:", "http:", "mailto:")):
                must((page.parent / link).exists(), f"{page.relative_to(tree)}: {link} leads nowhere")
                count += 1
    must(count, "no page links to another at all")
    return f"{len(pages)} pages, {count} links"


CHECKS = [libraries_are_small, pages_lead_somewhere]
