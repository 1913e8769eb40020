"""A session whose place elsewhere has ended comes home: from then on it is one of this machine.

Its branch stands in a worktree here, its record is whole, and it can be reviewed, landed and gone
on with like any other.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import JournalError
from sessions.record import events as ev
from sessions.record.reading import MAX_LINE
from sessions.remote import bundles
from sessions.worktrees import naming

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.remote.mirrored_session import Mirrored
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.worktrees.repository import Repository


async def come_home(
    deck: Deck,
    trees: Trees,
    mirror: Mirrored,
    repository: Repository | None,
    directory: Path,
    keep: Callable[[Path], None],
) -> Session:
    """Make a mirror a session of here. `keep` is given its folder, for what came back.

    `directory`: where it works if it has no branch. Raises AgentdeckError.
    """
    session_id, host = mirror.id, mirror.host
    tree, branch = mirror.summary.worktree, mirror.summary.branch
    await deck.put_down(mirror)
    await asyncio.to_thread(settled, mirror.journal.path, host)
    session = await deck.get(session_id)
    folder = session.folder / "files" / "brought"
    base = str(tree["base"]) if tree is not None else ""
    if repository is not None and naming.is_of(branch, session_id) and bundles.is_commit(base):
        made = await trees.adopt(session, repository, branch, base)
        folder = made.path
        session.recorder.emit(ev.SessionSet(cwd=str(made.cwd)))
    else:
        session.recorder.emit(ev.SessionSet(cwd=str(directory)))
    await asyncio.to_thread(keep, folder)
    await session.recorder.sync()
    deck.changed(session)
    return session


def settled(journal: Path, host: str) -> None:
    """Let a mirror's first line say that it lives here; nothing else of the file moves.

    Raises JournalError.
    """
    try:
        with journal.open("r+b") as file:
            line = file.readline(MAX_LINE)
            before = b'"host":' + json.dumps(host).encode()
            if line.count(before) != 1:
                return  # it came home already
            after = b'"host":""'.ljust(len(before))
            file.seek(line.index(before))
            file.write(after)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise JournalError(f"{journal} can't be changed: {error.strerror}.") from error
