"""What a person does with a session's changes: looks, takes back, commits, has them checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sessions.api.worktrees import (
    BranchChecked,
    ChangesCommitted,
    ChangesShown,
    GivenBack,
    MessageDrafted,
    PicturesShown,
    Staged,
    TakenBack,
)
from sessions.errors import AgentdeckError, UsageError
from sessions.record import events as ev
from sessions.worktrees import land, pictures, review, staging, take_back
from sessions.worktrees.changes import Changes
from sessions.worktrees.repository import look, repository

if TYPE_CHECKING:
    from sessions.features.interfaces import Trees
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session

_TOOK = "In review the user took this change of yours back (the file on disk is without it): {what}"
_GAVE = "The user gave back what they had taken back in review: {what}"
_DRAFT = """\
Write the message of the commit that holds the change below: a first line of at most 72 characters \
that says what is so now, and, only where it is not plain, a short paragraph that says why. Answer \
with the message alone.

{patch}"""
_DRAFTED = 24_000
"""Characters of the change that a model reads for a message."""


class Reviews:
    """Review of the deck's sessions, whether they have a worktree or not."""

    def __init__(self, deck: Deck, trees: Trees) -> None:
        self._deck = deck
        self._trees = trees

    async def diff(self, session: Session, *, fold_space: bool, context: int) -> ChangesShown:
        """What `sessions diff --json` prints."""
        found = await self._collected(session, fold_space=fold_space, context=context)
        return review.told(session.summary, found)

    async def _collected(
        self, session: Session, *, fold_space: bool = False, context: int = 3
    ) -> Changes:
        session.recorder.flush()
        events = () if session.summary.worktree else list(session.journal.events())
        return await self._trees.run(
            lambda: review.collect(
                session.summary, events, session.folder / "files", context=context,
                fold_space=fold_space,
            )
        )  # fmt: skip

    async def pictures(self, session: Session, paths: list[str]) -> PicturesShown:
        """Pictures before and after."""
        found = await self._collected(session)
        return {"pictures": await self._trees.run(pictures.sides, found, paths)}

    async def take_back(self, session: Session, path: str, hunk: str) -> TakenBack:
        """Take a hunk or a file back; the model is told before the next message."""
        folder, base = await self._trees.run(self._where, session)
        what = await self._trees.run(take_back.take_back, folder, base, session.id, path, hunk)
        await self._told(session, path, what, undone=False)
        return {"path": path, "what": what}

    async def give_back(self, session: Session) -> GivenBack:
        """Undo the last taking back."""
        folder, _ = await self._trees.run(self._where, session)
        path = await self._trees.run(take_back.give_back, folder, session.id)
        await self._told(session, path, path, undone=True)
        return {"path": path}

    async def _told(self, session: Session, path: str, what: str, *, undone: bool) -> None:
        await session.recorder.emit_synced(ev.ChangesTakenBack(path=path, what=what, undone=undone))
        text = (_GAVE if undone else _TOOK).format(what=what)
        session.prepared.append({"kind": "review", "text": text})

    def _where(self, session: Session) -> tuple[Path, str]:
        """Folder and base. Raises UsageError while a turn runs, or where there is no git."""
        if session.working:
            raise UsageError("A turn runs.", "Wait for its end, or interrupt it first.")
        folder = Path(session.summary.cwd)
        found = look(folder) if folder.is_dir() and review.has_git() else None
        if found is None or found.top is None:
            raise UsageError(
                "There is no git here: changes can be looked at, and no more.",
                "Whole turns are put back by `turns` (alt+t).",
            )
        return folder, review.base_of(session.summary, folder)

    async def stage(
        self, session: Session, path: str, hunk: str, *, undo: bool
    ) -> Staged:  # fmt: skip
        """Put a hunk or a file into git's index, or take it out of it."""
        folder, base = await self._trees.run(self._where, session)
        await self._trees.run(
            lambda: staging.stage(folder, base, path, hunk, undo=undo)
        )  # fmt: skip
        return {"path": path, "staged": not undo}

    async def commit(
        self, session: Session, message: str, paths: list[str], *, staged: bool = False
    ) -> ChangesCommitted:
        """Commit what is not committed, of these paths alone where there are any.

        `staged`: what git's index holds, as it is.
        """
        folder, _ = await self._trees.run(self._where, session)
        if not message.strip():
            raise UsageError("A commit needs a message.")
        if staged:
            made = await self._trees.run(staging.commit, folder, message.strip())
            return {"id": session.id, "commit": made}
        if not paths and review.own(session.summary) is None:
            raise UsageError(
                "This session has no worktree of its own: what else is there may not be its own.",
                "Choose the files to commit.",
            )
        found = await self._trees.run(repository, folder)
        top = found.top or folder
        made = await self._trees.run(land.commit_all, top, message.strip(), paths)
        return {"id": session.id, "commit": made}

    async def draft(self, session: Session) -> MessageDrafted:
        """A message for a commit of what is not committed, by the session's model."""
        from sessions.backends.base import Question

        told = await self.diff(session, fold_space=False, context=3)
        patch = _patch(told)
        if not patch:
            raise UsageError("There is nothing to commit.")
        backend = self._deck.backend(session.summary.backend)
        question = Question(
            messages=[{"role": "user", "content": _DRAFT.format(patch=patch[:_DRAFTED])}],
            model=session.summary.model or backend.default_model, max_tokens=400,
        )  # fmt: skip
        reply = await backend.ask(question)
        session.spend(reply.usage, None)
        return {"message": reply.text.strip()}

    async def check(self, session: Session) -> BranchChecked:
        """Run the configured check in the session's folder, as its own commands are run."""
        from sessions.features.tools import state_of
        from sessions.worktrees import setup

        wanted = self._deck.config.worktrees
        if not wanted.check:
            raise UsageError("No check is configured.", "Set `check` in [worktrees].")
        state = state_of(self._deck, session)
        try:
            made = await setup.run(wanted.check, state, wanted.check_timeout_s, "review-check.txt")
        except AgentdeckError as error:
            return {"ok": False, "how": str(error), "output": ""}
        finally:
            await state.close()
        how = made.why or (f"exit code {made.code}" if made.code else "it succeeded")
        return {"ok": made.ok, "how": how, "output": made.output}


def _patch(told: ChangesShown) -> str:
    parts: list[str] = []
    for file in told["files"]:
        if not file["uncommitted"]:
            continue
        parts.append(f"{file['status']} {file['old_path']} {file['path']}")
        for hunk in file["hunks"]:
            parts += [f"@@ {hunk['heading']}", *hunk["lines"]]
    return "\n".join(parts)
