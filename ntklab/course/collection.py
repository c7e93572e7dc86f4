"""All files in a folder of submissions, including those inside zips.

Names, which students' computers wrote, are made printable and composed (NFC), so that they are safe
in terminals, tables and pages. No link is followed out of the folder.
"""

import hashlib
import io
import os
import re
import stat
import time
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path

JUNK = ("Thumbs.db", "desktop.ini", "__MACOSX", "__pycache__")  # as are all hidden files
DEEPEST = 3  # zips in zips
MOST = 1000  # files in a zip
LARGEST = 64 * 2**20  # bytes in a zip, unpacked; of a zip itself
LONGEST = 120  # characters of a name


@dataclass(frozen=True)
class Item:
    """A file, an empty folder, or something that cannot be opened, with the problem."""

    parts: tuple[str, ...]  # names from the folder down, through zips
    path: Path
    time: float = 0.0  # seconds since 1970
    clock: str = "file"  # where the time comes from: the file, a zip, a platform
    problem: str = ""
    junk: bool = False

    @property
    def name(self) -> str:
        return "/".join(self.parts)


def collect(folder: Path, unpacked: Path) -> list[Item]:
    """Every file under `folder` in the order of names; zips are opened into `unpacked`.

    Raises
    ------
    FileNotFoundError
        If there is no such folder.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"submissions: must be an existing folder, got {folder}")
    items = list(_walk(folder, (), unpacked))
    if items and items[0].parts == ():
        raise FileNotFoundError(f"submissions: must hold files, got the empty folder {folder}")
    return items


def printable(name: str) -> str:
    """The name in printable characters; a hash is added if any was replaced, to keep it unique."""
    text = unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "replace"))
    shown = "".join(c if c.isprintable() else "\ufffd" for c in text).strip()[:LONGEST]
    if shown == text and "\ufffd" not in shown and shown:
        return shown
    root, dot, suffix = shown.rpartition(".")
    if not root or len(suffix) > 5:
        root, dot, suffix = shown, "", ""
    return f"{root}~{hashlib.sha256(os.fsencode(name)).hexdigest()[:6]}{dot}{suffix}"


def _walk(folder, parts, unpacked):
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: os.fsencode(entry.name))
    except OSError as error:
        yield Item(parts, folder, problem=f"the folder cannot be opened: {error.strerror}")
        return
    if not entries:
        yield Item(parts, folder, _time(folder), problem="the folder is empty")
    for entry in entries:
        path, inner = Path(entry.path), (*parts, printable(entry.name))
        if _junk(entry.name):
            yield Item(inner, path, junk=True)
        elif entry.is_symlink():
            yield Item(inner, path, problem="a link, which is not followed")
        elif entry.is_dir():
            yield from _walk(path, inner, unpacked)
        elif not entry.is_file():
            yield Item(inner, path, problem="no ordinary file")
        elif path.suffix.lower() == ".zip" or (not path.suffix and zipfile.is_zipfile(path)):
            yield from _opened(path, inner, unpacked)
        else:
            yield Item(inner, path, _time(path))


def _junk(name):
    return name.startswith(".") or name in JUNK


def _time(path):
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _opened(path, parts, unpacked):
    """Items for the files in a zip, whose contents are written under `unpacked`, or for the zip."""
    try:
        if path.stat().st_size > LARGEST:
            raise _Refused(f"a zip of more than {LARGEST >> 20} MB")
        data = path.read_bytes()
        if not data:
            raise _Refused("the file is empty")
        found = list(_members(data, parts, {"bytes": LARGEST, "files": MOST}, DEEPEST))
        if not found:
            raise _Refused("the zip is empty")
    except OSError as error:
        yield Item(parts, path, problem=f"the file cannot be read: {error.strerror}")
        return
    except _Refused as error:
        yield Item(parts, path, _time(path), problem=str(error))
        return
    target = unpacked / hashlib.sha256(data).hexdigest()[:16]
    target.mkdir(parents=True, exist_ok=True)
    for number, (inner, content, when, problem) in enumerate(found):
        junk = any(_junk(part) for part in inner[len(parts):])
        place = target / f"{number}{Path(inner[-1]).suffix[:8] if inner[-1].isascii() else ''}"
        if not problem and not junk and not place.exists():
            place.write_bytes(content)
        yield Item(inner, path if problem else place, when or _time(path),
                   "zip" if when else "file", problem, junk)


class _Refused(Exception):
    """The zip is not opened; the message says why."""


def _members(data, parts, budget, depth):
    """(names, bytes, time, problem) of each file in a zip; sizes are measured."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                if not info.is_dir():
                    yield from _member(archive, info, parts, budget, depth)
    except _Refused:
        raise
    except Exception as error:  # anything can be in it
        what = f"{type(error).__name__}: {error}"[:100]
        raise _Refused(f"a zip that cannot be opened ({what})") from None


def _member(archive, info, parts, budget, depth):
    names = [name for name in _legible(info).replace("\\", "/").split("/") if name not in ("", ".")]
    inner = (*parts, *map(printable, names))
    budget["files"] -= 1
    if budget["files"] < 0:
        raise _Refused(f"a zip of more than {MOST} files")
    if not names or ".." in names or re.match("[A-Za-z]:$", names[0]):
        yield (*parts, "..."), b"", None, "its name points out of the zip"
    elif stat.S_ISLNK(info.external_attr >> 16):
        yield inner, b"", None, "a link, which is not followed"
    elif info.flag_bits & 1:
        yield inner, b"", None, "it is locked by a password"
    else:
        with archive.open(info) as file:
            content = file.read(budget["bytes"] + 1)
        budget["bytes"] -= len(content)
        if budget["bytes"] < 0:
            raise _Refused(f"a zip of more than {LARGEST >> 20} MB when opened")
        if not names[-1].lower().endswith(".zip") or _junk(names[-1]):
            yield inner, content, _when(info), ""
        elif depth == 1:
            yield inner, b"", None, "zips in zips in zips are not opened"
        else:
            yield from _members(content, inner, budget, depth - 1)


def _legible(info):
    """The name of a file in a zip; most systems write UTF-8 without setting the flag for it."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _when(info):
    try:  # a zip has the sender's clock, without its zone
        return time.mktime((*info.date_time, 0, 0, -1)) if info.date_time[0] > 1980 else None
    except (OverflowError, ValueError):
        return None
