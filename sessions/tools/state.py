"""What the tools of one session share: its workspace, what was read, what runs, what is granted."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from sessions.tools.deferred_file_scan import DeferredFileScan
from sessions.tools.grants import Grants
from sessions.tools.ignored_but_scanned import IgnoredButScanned
from sessions.tools.rules import RuleStore
from sessions.tools.sandbox import Sandbox, describe
from sessions.tools.workspace import Guard

if TYPE_CHECKING:
    from collections.abc import Callable

    from sessions.tools.jobs import Job


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """What the user's configuration says of tools. Times in seconds, sizes in tokens."""

    network: bool = False
    """Commands in the sandbox may use the network."""
    sandbox: bool = True
    """Use the sandbox where there is one."""
    full_confirmed: bool = False
    """`full` without a sandbox was confirmed by typing."""
    env: tuple[str, ...] = ()
    """More names of variables that commands may see."""
    timeout_s: float = 120.0
    look_in: tuple[str, ...] = ()
    """Where files that commands made are looked for though git ignores it."""
    max_timeout_s: float = 600.0
    result_tokens: int = 10_000
    """Of one result to the model."""


class ToolState:
    """See the module's text. `close` ends what runs and removes what was temporary."""

    def __init__(
        self,
        guard: Guard,
        rules: RuleStore,
        options: ToolOptions,
        behind: DeferredFileScan | None = None,
    ) -> None:
        """`behind`: who finds what commands of this session made, where others run some too."""
        self.guard = guard
        self.rules = rules
        self.options = options
        self.grants = Grants()
        self.seen: dict[Path, str] = {}
        """SHA-256 of each file as the model knows it."""
        self.jobs: dict[str, Job] = {}
        """Background commands by their id."""
        self._leaving: set[asyncio.Task[None]] = set()
        self.behind = behind or DeferredFileScan(guard.root, IgnoredButScanned.of(options.look_in))
        """Finds what commands made."""
        self._tmp: Path | None = None
        self._sandbox: Sandbox | None = None

    @property
    def sandbox(self) -> Sandbox | None:
        """The session's sandbox, where there is one and it is not switched off."""
        if not self.options.sandbox or not describe().works:
            return None
        if self._sandbox is None:
            self._sandbox = Sandbox(
                self.guard.root,
                self.guard.files,
                self.guard.own_folders,
                self.tmp,
                readable=self.guard.skill_folders,
                lists=self.guard.places.state / "commands",
            )
        return self._sandbox

    @property
    def tmp(self) -> Path:
        """What commands see as `/tmp`; of this session alone."""
        if self._tmp is None:
            self._tmp = Path(tempfile.mkdtemp(prefix="agentdeck-")).resolve()
        return self._tmp

    def leaving(self, job: Job, *, keep: bool, then: Callable[[], None] = lambda: None) -> None:
        """Follow a command that nobody waits for; `keep`: its output stays under `files/`."""

        async def follow() -> None:
            await job.ended()
            then()
            if not keep:
                job.running.spool.close(keep=False)

        task = asyncio.ensure_future(follow())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)

    async def close(self) -> None:
        """End background commands and remove the session's `/tmp`."""
        jobs, self.jobs = list(self.jobs.values()), {}
        for job in jobs:
            job.stop()
        if self._leaving:
            await asyncio.wait(list(self._leaving))
        await self.behind.looked()
        for job in jobs:
            job.running.spool.close(keep=True)
        if self._tmp is not None:
            shutil.rmtree(self._tmp, ignore_errors=True)
            self._tmp = self._sandbox = None
