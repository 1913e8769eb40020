"""Which repository of this machine a session on another one was made with: where its branch goes.

One small file a session, written before the session is asked for, so that an engine that is killed
meanwhile still knows.
"""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from sessions.ids import is_id
from sessions.paths import private_folder
from skills import private_files


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a session's branch comes back to.

    `ref`: the branch that it began at, or "". `head`: its own branch as it was brought here last.
    """

    directory: str
    ref: str = ""
    head: str = ""


class Origins:
    """What is known of sessions that took a repository along."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def of(self, session: str) -> Origin | None:
        """A session's; None: it took none along."""
        with contextlib.suppress(OSError, ValueError, TypeError):
            if is_id(session):
                return Origin(**json.loads(self._path(session).read_text("utf-8")))
        return None

    def keep(self, session: str, origin: Origin) -> None:
        """Remember it. Raises OSError."""
        private_folder(self._folder)
        private_files.write(self._path(session), json.dumps(asdict(origin)))

    def forget(self, session: str) -> None:
        """A session is gone."""
        if is_id(session):
            self._path(session).unlink(missing_ok=True)

    def _path(self, session: str) -> Path:
        return self._folder / f"{session}.json"
