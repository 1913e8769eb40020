"""A task's check: a program whose exit 0 means that the task is done. No shell reads it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.tools import contained_command, process
from sessions.tools.base import ToolFault
from sessions.tools.command_output import Spool, readable
from skills import private_files

if TYPE_CHECKING:
    from sessions.features.interfaces import Toolboxes
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.tools.sandbox import Sandbox

ANSWER = "answer.txt"
_HEAD, _TAIL = 4_000, 12_000


@dataclass(frozen=True, slots=True)
class CheckVerdict:
    """What a check said. `code` None: it did not end by itself."""

    ok: bool
    code: int | None
    output: str
    seconds: float

    @property
    def words(self) -> str:
        """How it ended, in a few words."""
        if self.code is None:
            return "did not end by itself"
        return f"exit code {self.code}"


async def in_session(
    deck: Deck, toolboxes: Toolboxes, session: Session, argv: Sequence[str], minutes: float
) -> CheckVerdict:
    """Run a session's check as its own commands are run."""
    tools = deck.config.tools
    sandbox = None
    own = deck.backend(session.summary.backend).capabilities.own_tools
    if tools.sandbox and not own:
        toolbox = await toolboxes.toolbox(session)
        sandbox = getattr(getattr(toolbox, "state", None), "sandbox", None)
    return await run(
        argv, cwd=Path(session.summary.cwd), files=session.folder / "files", minutes=minutes,
        env=tools.env, sandbox=sandbox, network=tools.network,
    )  # fmt: skip


def answer_file(files: Path, answer: str) -> Path:
    """The session's last answer as a file that a check can read. Raises AgentdeckError."""
    try:
        private_folder(files)
        path = files / ANSWER
        private_files.write(path, answer.encode("utf-8", "replace"), synced=False)
    except OSError as error:
        raise AgentdeckError(f"The answer can't be kept: {error.strerror}.") from error
    return path


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    files: Path,
    minutes: float,
    env: Sequence[str] = (),
    sandbox: Sandbox | None = None,
    network: bool = False,
) -> CheckVerdict:
    """Run a check to its end, in the sandbox if there is one; all it starts ends with it.

    A program that can't be started is a check that failed.
    """
    began = time.monotonic()
    spool = Spool(files, "check.txt", None)
    try:
        ended = await contained_command.to_end(
            argv,
            cwd=cwd,
            env=process.environment(env),
            spool=spool,
            sandbox=sandbox,
            network=network,
            seconds=minutes * 60,
        )
    except ToolFault as error:
        return CheckVerdict(False, None, str(error), time.monotonic() - began)
    finally:
        told = _told(spool)
        spool.close(keep=False)
    if ended.why == "timeout":
        told = f"{told}\n(It was ended after {minutes:g} minutes.)".strip()
    elif ended.why:
        told = f"{told}\n({ended.message or ended.why})".strip()
    code = ended.code if ended.code is not None or ended.why else -(ended.signal or 0)
    return CheckVerdict(ended.ok, code, told, time.monotonic() - began)


def _told(spool: Spool) -> str:
    whole = spool.summary()
    text = readable(whole) if isinstance(whole, bytes) else None
    if text is None:
        assert not isinstance(whole, bytes)
        text = f"{readable(whole[0])}\n… {whole[1]:,} bytes left out …\n{readable(whole[2])}"
    if len(text) > _HEAD + _TAIL:
        gone = len(text) - _HEAD - _TAIL
        text = f"{text[:_HEAD]}\n… {gone:,} characters left out …\n{text[-_TAIL:]}"
    return text.strip("\n")
