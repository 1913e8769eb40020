"""`agentdeck plan start`: begins a run, tells what happens, and ends with what came of it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sessions.api.notices import EngineNotice, RunEventTold
from sessions.cli.asking import by_engine
from sessions.cli.output import say, say_json, say_line
from sessions.errors import AgentdeckError, EngineError
from sessions.plans import record
from sessions.plans.show import exit_code

if TYPE_CHECKING:
    from sessions.api.plans import RunShown
    from sessions.api.requests import RunWishes
    from sessions.engine.client import Client

_AGAIN_S = 0.5
_TRIES = 20


async def start(file: Path, wishes: RunWishes, *, detach: bool, as_json: bool) -> int:
    """Begin a run; the exit code. Without `detach`, when nothing goes on without a person."""
    if detach:
        told = await by_engine(lambda c: c.call("plan.start", file=str(file), **wishes))
        if as_json:
            say_json(told)
        else:
            say(told["id"])
        return 0
    following = FollowedRun(as_json)
    return await following.run(file, wishes)


class FollowedRun:
    """Prints what a run does until it rests. An engine that dies is started again."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json
        self.id = ""
        self._early: list[EngineNotice] = []
        self._seq = 0
        self._again = asyncio.Event()

    async def run(self, file: Path, wishes: RunWishes) -> int:
        """Begin and follow; the exit code."""
        client = await self._connect()
        try:
            told = await client.call("plan.start", file=str(file), **wishes)
            self.id = told["id"]
            if not self.as_json:
                say(f"run {self.id}: {told['title']}")
            for notice in self._early:
                self._notice(notice)
            while True:
                standing = await self._standing(client)
                if standing is None:
                    client = await self._connect()
                elif standing["idle"]:
                    told = standing
                    break
                else:
                    await self._again.wait()
                    self._again.clear()
        finally:
            await client.close()
        self._end(told)
        return exit_code(told)

    async def _standing(self, client: Client) -> RunShown | None:
        """The run as it is now; None: the engine has gone."""
        try:
            return await client.call("plan.show", run=self.id)
        except EngineError:
            return None

    async def _connect(self) -> Client:
        from sessions.engine.client import Client

        for attempt in range(_TRIES):
            try:
                client = await Client.connect()
                break
            except EngineError:
                if attempt == _TRIES - 1:
                    raise
                await asyncio.sleep(_AGAIN_S)
        client.on_notice = self._notice
        client.on_lost = self._gone
        return client

    def _gone(self, _: str) -> None:
        self._again.set()

    def _notice(self, notice: EngineNotice) -> None:
        if notice.get("kind") != "plan":
            return
        if not self.id:
            self._early.append(notice)
            return
        if notice.get("run") != self.id:
            return
        told = notice.get("event")
        if told is not None and told["seq"] > self._seq:
            self._seq = told["seq"]
            self._tell(told)
        elif notice.get("idle"):
            self._again.set()

    def _tell(self, told: RunEventTold) -> None:
        if self.as_json:
            say_line(told)
            return
        match record.known(told):
            case record.Ended(state="again", unit=unit, why=why):
                if why:
                    say(f"again    {unit}: {why}")
            case record.Ended(state=state, unit=unit, why=why):
                say(f"{state:8} {unit}{f': {why}' if why else ''}")
            case record.Waiting(unit=unit, what=what):
                say(f"waits    {unit}: {what}")
            case record.Held(why=why):
                say(f"held     {why}")
            case record.Expanded(task=task, fault=fault) if fault:
                say(f"failed   {task}: {fault}")

    def _end(self, told: RunShown) -> None:
        if self.as_json:
            return
        for task in told["tasks"]:
            if task["why"]:
                say(f"not done {task['name']}: {task['why']}")
        done, units = told["counts"].get("done", 0), len(told["units"])
        usd, tokens = told["spent"]["usd"], told["spent"]["tokens"]
        cost = f"${usd:.2f}, " if told["spent"]["priced"] and usd else ""
        say(f"{told['state']}: {done} of {units} done, {cost}{tokens:,} tokens")
        if told["held"] and told["state"] != "done":
            say(f"It does not go on by itself: {told['held']}.")
        say(f"agentdeck plan report {self.id}")


def raise_for(code: int) -> None:
    """End the command with a run's exit code."""
    if code:
        raise click.exceptions.Exit(code)


def resolved(file: Path) -> Path:
    """A plan file as the engine finds it. Raises AgentdeckError."""
    try:
        return file.expanduser().resolve(strict=True)
    except OSError as error:
        raise AgentdeckError(f"{file} can't be found: {error.strerror}.") from error
