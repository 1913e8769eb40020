"""Agents that the registry has as archives: downloaded when asked, unpacked, run from our data.

The formats are those of the registry (FORMAT.md): zip, tar with gzip or bzip2, or the program
itself. An archive is somebody else's: what would lie outside of its folder, lead out of it, be
neither file, folder nor link, come twice or unfold into more than a bound is refused, and then
nothing of it stays. A checksum is looked at where the registry gives one; it seldom does.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from urllib.parse import urlsplit

from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.tls import certificates
from skills import private_files

if TYPE_CHECKING:
    import httpx2

MOST_DOWNLOADED = 1 << 30
MOST_UNPACKED = 4 << 30
_MOST_ENTRIES = 200_000
_MOST_TARGET = 4096
_CHUNK = 1 << 18
_WAIT_S = 60.0
_TARS = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2")
_INSTALLERS = (".dmg", ".pkg", ".deb", ".rpm", ".msi", ".appimage")
_OTHERS = (".tar.xz", ".txz", ".tar.zst", ".7z", ".rar", ".gz", ".bz2", ".xz", ".tar")
_BROKEN = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError,
           NotImplementedError)  # fmt: skip

Progress = Callable[[int, int], None]
"""Bytes so far, and in all (0 where that is not known)."""


@dataclass(frozen=True, slots=True)
class Archive:
    """Where a program is to be had. `program`: its path within what is unpacked."""

    address: str
    program: str
    sha256: str = ""

    @property
    def name(self) -> str:
        """The file's name at the end of the address."""
        return posixpath.basename(urlsplit(self.address).path)


def within(name: str) -> str:
    """A path of an archive as one below its folder. Raises ValueError where it is none."""
    plain = name.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if plain.startswith("/") or ":" in plain.split("/")[0] or "\0" in plain or ".." in parts:
        raise ValueError(f"“{name[:200]}” would lie outside of its folder")
    return "/".join(parts)


def program_of(archive: Archive, folder: Path) -> Path | None:
    """The program in a folder into which it was unpacked, if it is there."""
    path = folder / within(archive.program)
    inside = path.is_file() and path.resolve().is_relative_to(folder.resolve())
    return path if inside else None


def get(archive: Archive, folder: Path, progress: Progress | None = None) -> Path:
    """Download and unpack an archive as `folder`, whole or not at all; where its program is.

    What is there already is taken. Raises AgentdeckError.
    """
    if (there := program_of(archive, folder)) is not None:
        return there
    lower = archive.name.lower()
    if lower.endswith((*_INSTALLERS, *_OTHERS)) and not lower.endswith(_TARS):
        raise AgentdeckError(
            f"{archive.name} is of no kind that can be unpacked here.", f"See {archive.address}."
        )
    above = private_folder(folder.parent)
    try:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=above) as made:
            file, new = Path(made) / "archive", Path(made) / "unpacked"
            _download(archive, file, progress)
            new.mkdir(mode=0o700)
            _unpack(archive, file, new)
            program = program_of(archive, new)
            if program is None:
                raise AgentdeckError(f"{archive.name} holds no {archive.program}.")
            program.chmod(0o700)
            if folder.exists():  # without its program: left by hand, or by an older layout
                shutil.rmtree(folder)
            new.rename(folder)
    except OSError as error:
        raise AgentdeckError(
            f"{archive.name} can't be unpacked below {above}: {error.strerror or error}."
        ) from error
    return folder / within(archive.program)


def asked(address: str, wait_s: float) -> AbstractContextManager[httpx2.Response]:
    """An answer that comes piece by piece, by the certificates that this process has read.

    Raises httpx2.HTTPError, when it is entered too.
    """
    import httpx2

    return httpx2.stream(
        "GET", address, timeout=wait_s, follow_redirects=True, verify=certificates.trusted()
    )


def _download(archive: Archive, to: Path, progress: Progress | None) -> None:
    import httpx2

    digest, size = hashlib.sha256(), 0
    try:
        with (
            asked(archive.address, _WAIT_S) as answer,
            os.fdopen(private_files.create(to, 0o600), "wb") as file,
        ):
            answer.raise_for_status()
            hops = [*answer.history, answer]
            if any(urlsplit(str(hop.url)).scheme != _scheme(archive) for hop in hops):
                raise AgentdeckError(f"{archive.address} leads to where nothing is encrypted.")
            told = answer.headers.get("content-length", "")
            whole = int(told) if told.isdigit() else 0
            for piece in answer.iter_bytes():
                size += len(piece)
                if max(size, whole) > MOST_DOWNLOADED:
                    raise AgentdeckError(f"{archive.name} has more than {MOST_DOWNLOADED:,} bytes.")
                digest.update(piece)
                file.write(piece)
                if progress is not None:
                    progress(size, whole)
    except httpx2.HTTPError as error:
        raise AgentdeckError(
            f"{archive.address} can't be downloaded: {error}.", "Look at your network; try again."
        ) from error
    if archive.sha256 and digest.hexdigest() != archive.sha256.lower():
        raise AgentdeckError(
            f"{archive.name} is not what the registry says: its SHA-256 is {digest.hexdigest()}.",
            "Nothing was unpacked. Try again later, or ask those who make it.",
        )


def _scheme(archive: Archive) -> str:
    return urlsplit(archive.address).scheme


def _unpack(archive: Archive, file: Path, into: Path) -> None:
    unpacking = _Unpacking(into)
    lower = archive.name.lower()
    try:
        if lower.endswith(_TARS):
            _unpack_tar(file, unpacking)
        elif lower.endswith(".zip"):
            _unpack_zip(file, unpacking)
        else:
            with file.open("rb") as program:
                unpacking.file(within(archive.program), program, 0o700)
    except _BROKEN as error:
        raise AgentdeckError(f"{archive.name} can't be unpacked: {error}.") from error


class _Unpacking:
    """What comes out of an archive. Raises ValueError for what may not."""

    def __init__(self, into: Path) -> None:
        self.into = into
        self.left = MOST_UNPACKED
        self.entries = 0
        self.links: set[str] = set()

    def file(self, name: str, source: IO[bytes], mode: int) -> None:
        """One file; only its owner's right to run it is kept."""
        path = self._place(name)
        kept = 0o700 if mode & 0o100 else 0o600
        with os.fdopen(private_files.create(path, kept), "wb") as target:
            while piece := source.read(_CHUNK):
                self.left -= len(piece)
                if self.left < 0:
                    raise ValueError(f"it unfolds to more than {MOST_UNPACKED:,} bytes")
                target.write(piece)

    def folder(self, name: str) -> None:
        """One folder."""
        if name:
            private_files.folder(self._place(name))

    def link(self, name: str, target: str) -> None:
        """A link that leads to something within."""
        path = self._place(name)
        parts = target.split("/")
        ups = next((n for n, part in enumerate(parts) if part != ".."), len(parts))
        # On the way down there may be other links, behind which “..” is not what its words say.
        if (
            len(target) > _MOST_TARGET
            or target.startswith("/")
            or ".." in parts[ups:]
            or ups > name.count("/")
        ):
            raise ValueError(f"“{name[:200]}” is a link that leads out of its folder")
        self.links.add(name)
        path.symlink_to(target)

    def same(self, name: str, other: str) -> None:
        """A file that is another one once more."""
        source = self.into / other
        if any(above in self.links for above in (*_aboves(other), other)) or not source.is_file():
            raise ValueError(f"“{name[:200]}” is a link to what is not there")
        with source.open("rb") as held:
            self.file(name, held, source.stat().st_mode)

    def _place(self, name: str) -> Path:
        self.entries += 1
        if self.entries > _MOST_ENTRIES:
            raise ValueError(f"it has more than {_MOST_ENTRIES:,} entries")
        if not name or any(above in self.links for above in _aboves(name)):
            raise ValueError(f"“{name[:200]}” lies behind a link")
        path = self.into / name
        private_files.folder(path.parent)
        if path.is_symlink() or (path.exists() and not path.is_dir()):
            raise ValueError(f"“{name[:200]}” comes twice")
        return path


def _aboves(name: str) -> list[str]:
    """The folders in which a path lies."""
    parts = name.split("/")
    return ["/".join(parts[:n]) for n in range(1, len(parts))]


def _unpack_tar(file: Path, unpacking: _Unpacking) -> None:
    with tarfile.open(file, "r:*") as tar:
        for member in tar:
            name = within(member.name)
            if member.isdir():
                unpacking.folder(name)
            elif member.issym():
                unpacking.link(name, member.linkname)
            elif member.islnk():
                unpacking.same(name, within(member.linkname))
            elif member.isreg() and (source := tar.extractfile(member)) is not None:
                unpacking.file(name, source, member.mode)
            else:
                raise ValueError(f"“{name[:200]}” is neither file, folder nor link")


def _unpack_zip(file: Path, unpacking: _Unpacking) -> None:
    with zipfile.ZipFile(file) as zipped:
        for info in zipped.infolist():
            name, mode = within(info.orig_filename), info.external_attr >> 16
            kind = stat.S_IFMT(mode)
            if info.is_dir():
                unpacking.folder(name)
            elif kind and not (stat.S_ISREG(mode) or stat.S_ISLNK(mode)):
                raise ValueError(f"“{name[:200]}” is neither file, folder nor link")
            elif info.flag_bits & 0x1:
                raise ValueError(f"“{name[:200]}” is encrypted")
            else:
                with zipped.open(info) as source:
                    if stat.S_ISLNK(mode):
                        target = source.read(_MOST_TARGET + 1)
                        unpacking.link(name, target.decode("utf-8", "replace"))
                    else:
                        unpacking.file(name, source, mode)


def folder_of(data: Path, agent: str, version: str) -> Path:
    """Where an agent of a version lies in our data folder."""
    plain = re.sub(r"[^A-Za-z0-9.+-]+", "-", version).strip(".-") or "unknown"
    return data / "agents" / f"{agent}-{plain}"[:120]
