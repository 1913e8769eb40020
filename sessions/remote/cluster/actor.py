"""One session's actor, from the engine's side: followed until it has ended or is lost."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Protocol

from sessions.errors import AgentdeckError, EventRefused, JournalError
from sessions.record import events as ev
from sessions.remote.cluster import frames
from sessions.remote.cluster.driver import BridgeFault, Driver
from sessions.remote.cluster.ledger import BegunActor
from sessions.runtime.crash_repair import LeftOpen

if TYPE_CHECKING:
    from sessions.remote.mirrored_session import Mirrored
    from sessions.remote.remote_sessions import RemoteSessions

log = logging.getLogger("agentdeck.cluster")

NAME = "ray"
"""What the cluster is called as a site."""
WAIT_S = 20.0
SLACK_S = 10.0
"""An actor that answers nothing for so much longer is shown as offline."""
GATHER_S = 1.0
"""What streams of a session that nobody looks at is pulled so often."""
AGAIN_S = 2.0
FULL_TRIES = 30
"""So often what an actor left is asked for on a node whose memory is full."""
_FULL = "Its node has no memory left; what it recorded is fetched once there is some."
_FROZEN = "the process that speaks with the cluster says nothing."
SALVAGED = "The actor of this session died ({why}); what it had recorded is here."
UNSALVAGED = (
    "The actor of this session died, and its node with what it had recorded ({why}). What it did "
    "after this is not known."
)


class ActorHome(Protocol):
    """What an actor is told by (`site.RaySite`)."""

    elsewhere: RemoteSessions

    async def driver(self) -> Driver:
        """The bridge, once it is connected."""

    def mirrors(self, actor: str) -> list[Mirrored]:
        """The sessions of an actor that are mirrored here."""

    async def recall(self, actor: str) -> None:
        """Those that an engine before this one mirrored are in memory too."""

    async def located(self, actor: str) -> None:
        """It is known on which node an actor is."""

    def begun(self, actor: str) -> BegunActor | None:
        """What is noted of it."""

    def owns(self, actor: str, session: str) -> bool:
        """Whether it may say something of a session."""

    def looked_at(self, actor: str) -> bool:
        """Whether somebody looks at a session of an actor."""

    def short_of_memory(self, actor: str, why: str) -> None:
        """Tell the user that it was ended for that."""

    def parted(self, actor: str) -> None:
        """Nothing more comes of it."""


class Actor:
    """Pulls what an actor's sessions say, as long as it lives."""

    def __init__(self, home: ActorHome, session: str) -> None:
        self.session = session
        self._home = home
        self._task: asyncio.Task[None] | None = None
        self.heard = asyncio.Event()
        """It has answered once: what it had said when it was taken up is here."""
        self.brought = asyncio.Event()
        """Something that it said is here."""

    def follow(self) -> None:
        """Pull from here on."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._follow(), name=self.session)

    async def close(self) -> None:
        """Pull no more; the actor goes on."""
        task, self._task = self._task, None
        if task is not None and task is not asyncio.current_task():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _follow(self) -> None:
        await self._home.recall(self.session)
        while True:
            driver = await self._home.driver()
            wait_s = WAIT_S if self.heard.is_set() else 0.0
            try:
                news = await self.news(driver, wait_s)
            except BridgeFault as fault:
                if fault.kind in (frames.LOST, frames.FULL):
                    if fault.kind == frames.FULL:
                        self._home.short_of_memory(self.session, fault.message)
                    await self.lost(fault.message)
                    return
                self._cut(f"Its actor does not answer: {fault.message}")
                await asyncio.sleep(AGAIN_S)
                continue
            await self.take(news)
            for mirror in self._home.mirrors(self.session):
                mirror.back()
            if not self.heard.is_set():
                self.heard.set()
                await self._home.located(self.session)

    async def news(self, driver: Driver, wait_s: float) -> dict[str, list[bytes]]:
        """Lines that are not here yet, of each of its sessions. Raises BridgeFault."""
        known = self.known()
        gather_s = 0.0 if not wait_s or self._home.looked_at(self.session) else GATHER_S
        try:
            async with asyncio.timeout(wait_s + SLACK_S * 1.5):  # who asks Ray may be frozen itself
                news = await driver.ask(
                    "news", actor=self.session, known=known, wait_s=wait_s, slack_s=SLACK_S,
                    gather_s=gather_s,
                )  # fmt: skip
        except TimeoutError as error:
            raise BridgeFault(frames.AWAY, _FROZEN) from error
        return dict(news)

    def known(self) -> dict[str, int]:
        """The last event that is here, of each of its sessions."""
        return {mirror.id: mirror.last_seq for mirror in self._home.mirrors(self.session)}

    async def take(self, news: dict[str, list[bytes]]) -> None:
        """Mirror what its sessions said, on the disk here before it is told."""
        for session, lines in news.items():
            if not self._home.owns(self.session, session):
                log.warning("what %s says of %s is passed over", self.session, session)
                continue
            while True:
                try:
                    await self._home.elsewhere.take(NAME, session, lines)
                    self.brought.set()
                    break
                except ValueError as error:
                    log.warning("what came of %s is passed over: %s", session, error)
                    break
                except JournalError as error:
                    # Nothing is told that is not on the disk here: it is pulled again.
                    self._cut(f"What it says can't be recorded here: {error}")
                    await asyncio.sleep(AGAIN_S)

    def _cut(self, why: str) -> None:
        for mirror in self._home.mirrors(self.session):
            mirror.cut(why)

    async def lost(self, why: str) -> None:
        """It is dead: what it left on its node is fetched, what is open still is ended here."""
        begun = self._home.begun(self.session)
        saved = await self._salvaged(begun.address if begun is not None else "")
        told = (SALVAGED if saved else UNSALVAGED).format(why=why.rstrip("."))
        log.warning("session %s: %s", self.session, told)
        for mirror in self._home.mirrors(self.session):
            try:
                end_here(mirror, told)
            except AgentdeckError as error:
                log.warning("session %s is not ended: %s", mirror.id, error)
        self._home.parted(self.session)

    async def _salvaged(self, address: str) -> bool:
        driver = await self._home.driver()
        try:
            nodes = await driver.ask("nodes")
            node = next((n["id"] for n in nodes if n["address"] == address), "")
            if not node:
                return False
            found = await self._fetched(driver, node)
        except BridgeFault as fault:
            log.warning("nothing can be fetched of session %s: %s", self.session, fault)
            return False
        await self.take(found)
        return True

    async def _fetched(self, driver: Driver, node: str) -> dict[str, list[bytes]]:
        """What it left; tried again while its node has no memory for that. Raises BridgeFault."""
        known = self.known()
        for _ in range(FULL_TRIES):
            try:
                return dict(
                    await driver.ask("salvage", node=node, session=self.session, known=known)
                )
            except BridgeFault as fault:
                if fault.kind != frames.FULL:
                    raise
                self._cut(f"{_FULL} {fault.message}")
            await asyncio.sleep(AGAIN_S)
        raise BridgeFault(frames.FULL, "its node has no memory for it.")


def end_here(mirror: Mirrored, why: str) -> None:
    """End what is open in a mirror of which nothing more comes. Raises JournalError."""
    left = LeftOpen()
    for event in mirror.journal.events():
        left.apply(event)
    turn = left.turn
    ends: Iterable[ev.Event] = left.ends()
    if turn is not None:
        ends = [ev.Error(turn=turn, kind="lost", message=why), *ends]
    for event in ends:
        try:
            mirror.take(ev.stamp(event, mirror.last_seq + 1))
        except EventRefused as error:
            log.warning("an end is passed over: %s", error)
    mirror.back()
