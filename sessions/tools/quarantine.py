"""What a command made though it may not: set aside beside it, under a name of its own.

What is watched for is written down first, so that an engine that was killed meanwhile finds it
again at its next start.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from sessions.paths import private_folder
from skills import private_files

_TRIES = 20


def set_aside(path: Path) -> str:
    """Rename what stands at `path` to a name that nobody can have taken; what to tell of it.

    Where it can't be renamed it is said so: it is still there then.
    """
    why = ""
    for _ in range(_TRIES):
        name = f"{path.name}.set-aside-{secrets.token_hex(4)}"
        target = path.with_name(name)
        if os.path.lexists(target):
            continue
        try:
            path.rename(target)
        except OSError as error:
            why = os.strerror(error.errno or errno.EIO)
            if error.errno in (errno.ENOTEMPTY, errno.EEXIST):
                continue
            break
        return f"{path.name} was set aside as {name}: commands may not make it."
    return (
        f"{path} MUST be looked at: commands may not make it, and it can't be set aside ({why}). "
        "It is still there."
    )


class Watchlist:
    """Paths that were not there when a command began, kept on disk while it runs.

    `folder`: where such lists are kept (`AGENTDECK_HOME/state/commands`); None keeps none.
    """

    def __init__(self, folder: Path | None, paths: Iterable[Path]) -> None:
        self.paths = list(paths)
        self._file: Path | None = None
        if folder is not None and self.paths:
            with contextlib.suppress(OSError):
                file = private_folder(folder) / f"{secrets.token_hex(8)}.json"
                told = json.dumps([str(p) for p in self.paths])
                private_files.write(file, told, synced=False)
                self._file = file

    def look(self) -> list[str]:
        """Set aside what has appeared; what to tell of it."""
        return [set_aside(path) for path in self.paths if os.path.lexists(path)]

    def done(self) -> list[str]:
        """Look once more, at the command's end, and forget the list."""
        told = self.look()
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            self._file = None
        self.paths = []
        return told


def sweep(folder: Path) -> list[str]:
    """Set aside what commands of an engine that was killed left behind; what to tell of it."""
    told: list[str] = []
    with contextlib.suppress(OSError):
        for file in sorted(folder.glob("*.json")):
            with contextlib.suppress(OSError, ValueError, TypeError):
                found = json.loads(file.read_text(errors="surrogateescape"))
                told += [set_aside(Path(p)) for p in found if os.path.lexists(p)]
            file.unlink(missing_ok=True)
    return told
