"""Zip archives (also called `.skill`): unpacked into a folder of ours, packed from one.

Regular files only. Everything that an archive can be made to do besides (leave the folder, link,
bring two files of one name, unfold into more than it says) is refused with the entry named.
"""

from __future__ import annotations

import os
import stat
import zipfile
import zlib
from pathlib import Path
from typing import IO

from skills import private_files
from skills.entries import MAX_BYTES, MAX_RATIO, Entries, refused, shown, skipped
from skills.errors import Refused, SkillError
from skills.skill import walk

_CHUNK = 64 * 1024
_RATIO_FROM = 1024 * 1024
_BROKEN = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, ValueError)


def unpack(archive: Path, into: Path) -> None:
    """Unpack `archive` into the empty folder `into`.

    Raises:
        Refused: it is no zip archive, is broken, or holds what may not come in.
        SkillError: it can't be read.
    """
    try:
        if archive.stat().st_size > MAX_BYTES:
            raise Refused(f"{archive} is bigger than {MAX_BYTES >> 20} MiB.", entry=archive.name)
        with zipfile.ZipFile(archive) as zipped:
            entries = Entries()
            wanted = [(info, _check(info, entries)) for info in zipped.infolist()]
            written = Entries()
            for info, path in wanted:
                if path is not None:
                    _extract(zipped, info, into / path, written)
    except _BROKEN as error:
        raise Refused(
            f"{archive} is no zip archive that can be read: {error}.",
            "Pack it anew.",
            entry=archive.name,
        ) from error
    except OSError as error:
        raise SkillError(f"{archive} can't be unpacked: {error.strerror or error}.") from error


def _check(info: zipfile.ZipInfo, entries: Entries) -> str | None:
    """The path to write an entry to; None for a folder and for what is left out."""
    # zipfile cuts a name at a NUL and changes separators; what stands in the archive counts.
    name = info.orig_filename
    mode = info.external_attr >> 16
    kind = stat.S_IFMT(mode)
    if info.flag_bits & 0x1:
        raise refused(name, "is encrypted")
    if stat.S_ISLNK(mode):
        raise refused(name, "is a link")
    if kind and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise refused(name, "is neither a file nor a folder")
    if name.endswith("/"):
        if not skipped(name.rstrip("/")):
            entries.folder(name)
        return None
    if skipped(name):
        return None
    path = entries.file(name, info.file_size)
    packed = max(info.compress_size, 1)
    if info.file_size > _RATIO_FROM and info.file_size / packed > MAX_RATIO:
        raise refused(name, f"unfolds to {info.file_size // packed:,} times its size")
    return str(path)


def _extract(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, to: Path, written: Entries) -> None:
    private_files.folder(to.parent)
    # The owner's right to run a script is kept, as a copy of the folder would keep it.
    mode = 0o700 if (info.external_attr >> 16) & 0o100 else 0o600
    with zipped.open(info) as source, create(to, mode) as target:
        copied = 0
        while chunk := source.read(_CHUNK):
            copied += len(chunk)
            if copied > info.file_size:
                raise refused(info.orig_filename, "unfolds to more than it says")
            written.grow(info.orig_filename, len(chunk))
            target.write(chunk)
        target.flush()
        os.fsync(target.fileno())


def create(path: Path, mode: int) -> IO[bytes]:
    """A new file, opened for writing; one that exists, or a link, is an error."""
    return os.fdopen(private_files.create(path, mode), "wb")


def pack(folder: Path, to: Path) -> list[str]:
    """Pack the skill in `folder` as `to` (`<name>.skill`); the entries, in order.

    Links are left out: what they lead to may not be the skill's to give away.

    Raises:
        Refused: a file in it has a name that may not travel.
        SkillError: it can't be read or written.
    """
    entries = Entries()
    names: list[str] = []
    part = to.with_name(f"{to.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in walk(folder):
                full = folder / path
                status = full.stat()
                entries.file(path.as_posix(), status.st_size)
                name = f"{folder.name}/{path.as_posix()}"
                # A fixed date: the same folder gives the same archive.
                info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
                mode = 0o755 if status.st_mode & 0o100 else 0o644
                info.external_attr = (stat.S_IFREG | mode) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                zipped.writestr(info, full.read_bytes())
                names.append(name)
        part.replace(to)
    except OSError as error:
        raise SkillError(f"{shown(str(to))} can't be written: {error.strerror}.") from error
    finally:
        part.unlink(missing_ok=True)
    return names
