"""Archives that are the same bytes each time: sorted, with one time for everything, owned by nobody."""

import gzip
import io
import os
import tarfile
import time
import zipfile
from pathlib import Path


def members(folder: Path) -> list[Path]:
    """Everything below a folder, sorted by its path; links count as what they are."""
    found: list[Path] = []
    for at, folders, files in os.walk(folder):
        links = [name for name in folders if (Path(at) / name).is_symlink()]
        found += [Path(at) / name for name in [*files, *links]]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def tar_gz(folder: Path, archive: Path, date: int) -> None:
    """The folder, under its own name."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in members(folder):
            info = tar.gettarinfo(path, f"{folder.name}/{path.relative_to(folder).as_posix()}")
            info.mtime, info.uid, info.gid, info.uname, info.gname = date, 0, 0, "root", "root"
            info.mode = 0o755 if info.mode & 0o100 or info.issym() else 0o644
            if info.isreg():
                with open(path, "rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info)
    with open(archive, "wb") as file, gzip.GzipFile("", "wb", 9, file, date) as packed:
        packed.write(raw.getvalue())


def zip_up(folder: Path, archive: Path, date: int) -> None:
    """The same as a zip; Windows knows no links, so there must be none."""
    moment = time.gmtime(date)[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in members(folder):
            info = zipfile.ZipInfo(f"{folder.name}/{path.relative_to(folder).as_posix()}", moment)
            info.create_system = 3
            mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            packed.writestr(info, path.read_bytes(), compresslevel=9)
