"""Open exactly the path that was judged.

A path is resolved once (`guard`), judged, and then opened here component by component from the
root, following no symbolic link: whoever swaps one in between makes the opening fail instead of
leading it elsewhere. Only regular files are opened; a FIFO or a device is refused without
waiting for it. Writing goes to a new file beside the old one and is renamed over it, so no link
is ever written through and no half-written file is ever seen.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from sessions.safety import user_umask
from sessions.tools.fault import ToolFault

# O_PATH needs only search permission on folders; macOS has no such flag.
_FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC | getattr(os, "O_PATH", os.O_RDONLY)
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY


@contextlib.contextmanager
def folder(path: Path, *, make: bool = False) -> Iterator[int]:
    """A descriptor of a folder reached without following any link; `make` creates what lacks.

    Raises:
        ToolFault: a component is a link by now, or no folder.
        OSError: as the system says.
    """
    descriptor = os.open(path.anchor or "/", _FOLDER)
    try:
        for name in path.parts[1:]:
            try:
                below = os.open(name, _FOLDER, dir_fd=descriptor)
            except FileNotFoundError:
                if not make:
                    raise
                with contextlib.suppress(FileExistsError):
                    _make_folder(name, descriptor)
                below = os.open(name, _FOLDER, dir_fd=descriptor)
            except OSError as error:
                raise _swapped(path, name, descriptor) from error
            os.close(descriptor)
            descriptor = below
        yield descriptor
    finally:
        os.close(descriptor)


def _make_folder(name: str, parent: int) -> None:
    """A new folder with the mode that the user's mask gives, whatever this process's own is."""
    os.mkdir(name, 0o700, dir_fd=parent)
    made = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    try:
        os.fchmod(made, 0o777 & ~user_umask.current())
    finally:
        os.close(made)


def _swapped(path: Path, name: str, parent: int) -> Exception:
    """Why a component could not be opened as a folder."""
    try:
        mode = os.lstat(name, dir_fd=parent).st_mode
    except OSError as error:
        return ToolFault(f"{path} can't be reached: {error.strerror}.")
    if stat.S_ISLNK(mode):
        return ToolFault(f"{path} was changed while it was being looked at: {name} is a link now.")
    if not stat.S_ISDIR(mode):
        return ToolFault(f"{path} can't be reached: {name} is not a folder.")
    return ToolFault(f"{path} can't be reached: no permission for {name}.")


def open_read(path: Path) -> int:
    """A descriptor of a regular file, opened for reading.

    Raises:
        ToolFault: it is missing, a link by now, a folder, a FIFO, a device or a socket.
    """
    try:
        with folder(path.parent) as parent:
            return regular(os.open(path.name, os.O_RDONLY | _FILE, dir_fd=parent), path)
    except OSError as error:
        raise fault(path, error) from error


def regular(descriptor: int, path: Path) -> int:
    """The same descriptor if it is a regular file; otherwise it is closed. Raises ToolFault."""
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return descriptor
    os.close(descriptor)
    raise ToolFault(f"{path} is {kind_of(mode)}, not a file; it can't be read as one.")


def kind_of(mode: int) -> str:
    """What a file mode is, in words."""
    for test, name in (
        (stat.S_ISDIR, "a folder"),
        (stat.S_ISFIFO, "a FIFO"),
        (stat.S_ISCHR, "a device"),
        (stat.S_ISBLK, "a device"),
        (stat.S_ISSOCK, "a socket"),
        (stat.S_ISLNK, "a symbolic link"),
    ):
        if test(mode):
            return name
    return "something else"


def read_bytes(path: Path, limit: int) -> bytes:
    """A whole file of at most `limit` bytes. Raises ToolFault."""
    with os.fdopen(open_read(path), "rb") as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise ToolFault(f"{path} is too big: {size:,} bytes, of {limit:,} at most.")
        data = file.read(limit + 1)
    if len(data) > limit:
        raise ToolFault(f"{path} is too big: more than {limit:,} bytes.")
    return data


def write_bytes(path: Path, data: bytes, *, expect: bytes | None) -> None:
    """Put `data` in the place of `path`, at once or not at all; its mode stays.

    `expect` is what the file held when it was judged (None: it was not there).

    Raises:
        ToolFault: it has changed since, or can't be written.
    """
    temporary = f".{path.name[:200]}.{os.urandom(6).hex()}.tmp"
    try:
        with folder(path.parent, make=True) as parent:
            mode, owner = _unchanged(path, parent, expect)
            if expect is not None and _keeps_its_place(path, parent, owner):
                _write_in_place(path, parent, data)
                return
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            descriptor = os.open(temporary, flags, 0o600, dir_fd=parent)
            try:
                _fill(descriptor, data, mode, owner)
                if expect is None:
                    _appear(temporary, path.name, parent)
                else:
                    os.rename(temporary, path.name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with contextlib.suppress(OSError):
                    os.unlink(temporary, dir_fd=parent)
                raise
    except FileExistsError as error:
        raise ToolFault(f"{path} has appeared meanwhile; read it first.") from error
    except OSError as error:
        raise fault(path, error) from error


def _keeps_its_place(path: Path, parent: int, owner: tuple[int, int] | None) -> bool:
    """Whether a new file in its place could not be given to its owner.

    One with several names is replaced all the same: the others may lie outside the workspace.
    """
    lone = os.stat(path.name, dir_fd=parent, follow_symlinks=False).st_nlink == 1
    return lone and owner is not None and owner[0] != os.getuid() and os.getuid() != 0


def _write_in_place(path: Path, parent: int, data: bytes) -> None:
    """Its old content is kept under the session's files, since a crash may leave a part."""
    descriptor = os.open(path.name, os.O_WRONLY | _FILE, dir_fd=parent)
    with os.fdopen(regular(descriptor, path), "wb") as file:
        file.write(data)
        file.truncate()
        file.flush()
        os.fsync(file.fileno())


def _appear(temporary: str, name: str, parent: int) -> None:
    """Give a new file its name; fails where rename() would replace what was made meanwhile."""
    try:
        os.link(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS):
            raise
        # A file system without hard links (FAT, some network ones).
        with contextlib.suppress(FileNotFoundError):
            os.lstat(name, dir_fd=parent)
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from error
        os.rename(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        return
    os.unlink(temporary, dir_fd=parent)


def _unchanged(path: Path, parent: int, expect: bytes | None) -> tuple[int, tuple[int, int] | None]:
    """Mode and owner to keep, if the file is still as it was judged. Raises ToolFault."""
    if expect is None:
        return 0o666 & ~user_umask.current(), None
    try:
        descriptor = os.open(path.name, os.O_RDONLY | _FILE, dir_fd=parent)
    except FileNotFoundError as error:
        raise ToolFault(f"{path} has been removed meanwhile.") from error
    with os.fdopen(regular(descriptor, path), "rb") as file:
        status = os.fstat(file.fileno())
        if file.read(len(expect) + 1) != expect:
            raise ToolFault(f"{path} was changed meanwhile by something else; read it again.")
    return stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid)


def _fill(descriptor: int, data: bytes, mode: int, owner: tuple[int, int] | None) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        if owner is not None and owner != (os.getuid(), os.getgid()):
            with contextlib.suppress(OSError):
                os.fchown(file.fileno(), *owner)
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Remove a file, reached without following links. Raises ToolFault."""
    try:
        with folder(path.parent) as parent:
            os.unlink(path.name, dir_fd=parent)
    except OSError as error:
        raise fault(path, error) from error


def fault(path: Path, error: OSError) -> ToolFault:
    """An OSError as a sentence for the model."""
    if isinstance(error, FileNotFoundError):
        return ToolFault(f"{path} does not exist.{_near(path)}")
    if isinstance(error, PermissionError):
        return ToolFault(f"{path}: no permission.")
    if isinstance(error, IsADirectoryError):
        return ToolFault(f"{path} is a folder, not a file.")
    if error.errno == errno.ELOOP:  # O_NOFOLLOW met a link
        return ToolFault(f"{path} was changed while it was being looked at: it is a link now.")
    return ToolFault(f"{path}: {error.strerror or error}.")


def _near(path: Path) -> str:
    import difflib

    try:
        names = [entry.name for entry in path.parent.iterdir()][:2000]
    except OSError:
        return f" The folder {path.parent} does not exist either."
    close = difflib.get_close_matches(path.name, names, 3)
    return f" There is: {', '.join(close)}." if close else ""
