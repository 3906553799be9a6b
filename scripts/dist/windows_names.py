"""Takes the builder's folders out of the names in libraries for MinGW.

dlltool makes import libraries in which a few symbols are called after the file's whole path, with a line for each slash, and
rustc has it make some in folders of random names. Nobody ever calls these symbols; they only tie the parts together.
"""

import re
import tempfile
from pathlib import Path

from common import ROOT, output


def mangled(folder: Path) -> str:
    """A folder as dlltool writes it into a symbol."""
    return re.sub(r"[^A-Za-z0-9]", "_", str(folder))


def forget_folders(library: Path, prefix: str) -> None:
    """`prefix` is what the binutils for this machine begin with. A library without such names stays as it is."""
    listed = output(f"{prefix}nm", library)
    # rustc's folders are below this repository and end in something random; the others are where the library was made.
    folder = re.compile(rf"(?:{mangled(ROOT)}\w*?_rustc[A-Za-z0-9]{{6}}|{mangled(library.parent)})_")
    names = {line.split()[-1] for line in listed.splitlines() if mangled(ROOT) in line or folder.search(line)}
    if not names:
        return
    fresh = {name: folder.sub("_", name, count=1) for name in names}
    left = [name for name in fresh.values() if mangled(ROOT) in name]
    if left:
        raise SystemExit(f"{library} has names with a folder in it that nobody expected: {left[:3]}")
    if len(set(fresh.values())) != len(fresh):
        raise SystemExit(f"{library}: without their folders, two names would be the same")
    with tempfile.TemporaryDirectory() as scratch:
        pairs = Path(scratch) / "names"
        pairs.write_text("".join(f"{old} {new}\n" for old, new in sorted(fresh.items())))
        output(f"{prefix}objcopy", "--enable-deterministic-archives", f"--redefine-syms={pairs}", library)
