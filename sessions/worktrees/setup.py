"""Configured commands in a worktree (setup, check), run as the session's own commands are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sessions.errors import AgentdeckError
from sessions.safety.secrets_filter import hide
from sessions.tools import contained_command, process
from sessions.tools.command_output import Spool
from sessions.tools.shell import output_text
from sessions.tools.state import ToolState

_TOLD = 4000
"""Characters of its output in the record; all of it is under `files/`."""


@dataclass(frozen=True, slots=True)
class SetupEnd:
    """How it ended. `code` is negative for a signal; `why`: what kept it from its own end."""

    code: int
    output: str
    why: str = ""

    @property
    def ok(self) -> bool:
        """It ended by itself, and well."""
        return self.code == 0 and not self.why


async def run(
    argv: Sequence[str], state: ToolState, timeout_s: float, name: str = "worktree-setup.txt"
) -> SetupEnd:
    """Run the command in a session's sandbox, where there is one. `state` is closed by the caller.

    `name`: of the file under `files/` that keeps what it prints. When it is cancelled, the
    command is ended.
    """
    env = process.environment(state.options.env)
    try:
        spool = Spool(state.guard.files, name, None)
    except OSError as error:
        return SetupEnd(-1, "", f"its output can't be kept: {error.strerror}")
    try:
        ended = await contained_command.to_end(
            argv,
            cwd=state.guard.root,
            env=env,
            spool=spool,
            sandbox=state.sandbox,
            network=state.options.network,
            seconds=timeout_s,
        )
    except AgentdeckError as error:
        return SetupEnd(-1, "", str(error))
    finally:
        spool.close(keep=True)
    why = {"timeout": f"it took longer than {timeout_s:g} s", "": ""}.get(ended.why, ended.message)
    code = ended.code if ended.code is not None else -(ended.signal or 1)
    return SetupEnd(code, hide(output_text(spool)[0])[-_TOLD:], why or "")
