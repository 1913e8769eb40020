"""A Ray cluster as a site where sessions live: each an actor of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sessions import VERSION
from sessions.api.cluster import ClusterNode
from sessions.errors import AgentdeckError, UsageError, told_as
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.names import name_of
from sessions.record.summary import Summary
from sessions.remote import untrusted_input
from sessions.remote.cluster import frames, settings
from sessions.remote.cluster.actor import NAME, SLACK_S, Actor
from sessions.remote.cluster.actor_start import Seed
from sessions.remote.cluster.driver import BridgeFault, Driver
from sessions.remote.cluster.ledger import ActorLedger, BegunActor
from sessions.remote.cluster.node_resources import Needs
from sessions.remote.cluster.shapes import ActorPlaced, ActorRefused, NodeFound, NodeGives
from sessions.remote.cluster.start_pace import StartPace
from sessions.remote.mirrored_session import Mirrored
from sessions.remote.site_interface import Lost, Offline
from sessions.safety.sanitise import clean_line

if TYPE_CHECKING:
    from sessions.config.model import ClusterConfig
    from sessions.remote.remote_sessions import RemoteSessions
    from sessions.runtime.deck import Deck

log = logging.getLogger("agentdeck.cluster")

_AGAIN_S, _MOST_AGAIN_S = 1.0, 60.0
_BROUGHT_S = 2.0
_ALL = 2**53
_DEEP = 20
"""So many sessions at most, each begun by the next."""


class RaySite:
    """The actors of this deck on its cluster. Nothing is connected before it is needed."""

    name = NAME

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self.elsewhere: RemoteSessions = deck.elsewhere
        self.ledger = ActorLedger(deck.places)
        self._actors: dict[str, Actor] = {}
        self._noted: dict[str, BegunActor] = {}
        self._driver: Driver | None = None
        self._connected = asyncio.Event()
        self._safe: asyncio.Task[str] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._ending: asyncio.Task[None] | None = None
        self._tried = asyncio.Event()
        self._why = ""
        self._pace = StartPace()
        self._noting = asyncio.Lock()
        self._before: asyncio.Task[dict[str, list[str]]] | None = None

    @property
    def offline(self) -> str:
        """Why the cluster can't be reached, "" while it can or nobody has tried."""
        return self._why

    @property
    def config(self) -> ClusterConfig:
        """How it is configured now."""
        return self._deck.config.cluster

    @property
    def running(self) -> int:
        """How many actors are followed."""
        return len(self._actors)

    # -- the way there

    def start(self) -> None:
        """Take up what an engine before this one left running, if it left anything."""
        for begun in self.ledger.all():
            self._noted[begun.session] = begun
            self._followed(begun.session)
        if self._noted:
            self.connect()

    def connect(self) -> None:
        """Connect, and connect again whenever that is lost."""
        if self._keeping is None or self._keeping.done():
            self._keeping = asyncio.get_running_loop().create_task(self._keep(), name="cluster")

    async def driver(self) -> Driver:
        """The bridge, once it is connected, however long that takes."""
        self.connect()
        while True:
            await self._connected.wait()
            if self._driver is not None and not self._driver.gone.is_set():
                return self._driver
            await asyncio.sleep(0.05)

    async def _keep(self) -> None:
        wait = _AGAIN_S
        while True:
            try:
                self._driver = await Driver.start(
                    self._deck.places, self._deck.config.cluster.address, self.ledger.namespace()
                )
            except BridgeFault as fault:
                self._away(str(fault))
                await asyncio.sleep(wait)
                wait = min(_MOST_AGAIN_S, wait * 2)
                continue
            wait = _AGAIN_S
            self._safe = None
            self._why = ""
            self._connected.set()
            self._tried.set()
            self._ending = asyncio.ensure_future(self._end_what_is_over())
            await self._driver.gone.wait()
            self._away("The connection to the cluster was lost; it is made again by itself.")
            await self._driver.close()

    async def _end_what_is_over(self) -> None:
        """End the actors that were to be ended while the cluster was away."""
        for begun in [each for each in self._noted.values() if each.over]:
            try:
                await self.end(begun.session)
            except AgentdeckError as error:
                log.warning("the actor of session %s is left: %s", begun.session, error)

    def _away(self, why: str) -> None:
        self._why = why
        self._connected.clear()
        self._tried.set()
        self.elsewhere.cut(self.name, why)

    async def reached(self) -> Driver:
        """The bridge, or why there is none. Raises Offline."""
        if not self._deck.config.cluster.address:
            raise UsageError(
                "No cluster is configured.", "Set [cluster] address (docs/cluster.md)."
            )
        self.connect()
        await self._tried.wait()
        if self._why or self._driver is None:
            raise Offline(self._why, "")
        return self._driver

    async def unfollow(self) -> None:
        """Pull nothing more; the actors go on."""
        actors, self._actors = list(self._actors.values()), {}
        await asyncio.gather(*(actor.close() for actor in actors))

    async def close(self) -> None:
        """Let go of the cluster; its actors go on, and what speaks with it waits for an engine."""
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        await self.unfollow()
        for task in (self._safe, self._ending, self._before):
            if task is not None:
                task.cancel()
        if self._driver is not None:
            await self._driver.close(stays=bool(self._noted))

    # -- actors (actor.ActorHome)

    def mirrors(self, actor: str) -> list[Mirrored]:
        """The sessions of an actor that are mirrored here and in memory."""
        return [m for m in self.elsewhere.mirrors(self.name) if self._actor_of(m.id) == actor]

    async def recall(self, actor: str) -> None:
        """An actor's sessions that are mirrored are in memory: only what they lack is asked for."""
        if self._before is None:
            self._before = asyncio.ensure_future(self._mirrored_before())
        before = await asyncio.shield(self._before)
        for session in {actor: None, **dict.fromkeys(before.get(actor, ()))}:
            with contextlib.suppress(AgentdeckError):  # it is said when it is written
                await self._deck.get(session)

    async def _mirrored_before(self) -> dict[str, list[str]]:
        """The sessions of each actor that an engine before this one mirrored."""
        here = {s.id: s for s in await self._deck.all_summaries() if s.host == self.name}
        found: dict[str, list[str]] = {}
        for session in here:
            found.setdefault(self._above(session, here.get), []).append(session)
        return found

    def begun(self, actor: str) -> BegunActor | None:
        """What is noted of an actor."""
        return self._noted.get(actor)

    def owns(self, actor: str, session: str) -> bool:
        """Whether an actor may say something of a session: of another's it may not."""
        known = session in self._noted or session in self._deck.sessions
        return not known or self._actor_of(session) == actor

    def parted(self, actor: str) -> None:
        """Nothing more comes of an actor."""
        self._actors.pop(actor, None)
        self._noted.pop(actor, None)
        self.ledger.ended(actor)

    def _followed(self, session: str) -> Actor:
        actor = self._actors[session] = Actor(self, session)
        actor.follow()
        return actor

    def _actor_of(self, session: str) -> str:
        """A session's actor: its own, or that of the session that started it."""

        def told(each: str) -> Summary | None:
            there = self._deck.sessions.get(each)
            return there.summary if there is not None else None

        return self._above(session, told)

    def _above(self, session: str, told: Callable[[str], Summary | None]) -> str:
        """The first that has an actor, up from a session; or the last of whom is told."""
        for _ in range(_DEEP):
            if session in self._noted:
                return session
            summary = told(session)
            parent = summary.parent if summary is not None else None
            above = parent.get("id") if parent else None
            if not isinstance(above, str):
                return session
            session = above
        return session

    async def begin(
        self, session: str, needs: Needs, keys: Mapping[str, str] | None = None
    ) -> None:  # fmt: skip
        """An actor for a session that is to be; waits for a node with room. Raises AgentdeckError.

        `keys`: variables that the plan names, with what they are here.
        """
        driver = await self.reached()
        if session in self._actors:
            return  # the engine before this one began it
        try:
            if unsafe := await self._unsafe(driver):
                raise UsageError(unsafe, "See docs/cluster.md: Ray is started with a token.")
            nodes = await driver.ask("nodes")
            if lack := needs.lack(nodes):
                raise UsageError(
                    f"No node of the cluster has what the task asks for: {lack}.",
                    "`agentdeck cluster check` says what each node has.",
                )
            options = needs.options()
            async with self._pace.turn(repr(options), len(nodes)):
                self._noted[session] = BegunActor(session)
                await self._note(session)
                seed = Seed(session, settings.sent(self._deck.places.config_file), keys)
                said = await driver.ask(
                    "begin", actor=session, seed=seed.plain(), needs=options
                )  # fmt: skip
            await self._greeted(driver, session, said, nodes)
        except BridgeFault as fault:
            await self._unbegun(driver, session)
            kind = AgentdeckError if fault.kind == frames.REFUSED else Offline
            told = f"The session's actor did not begin: {fault.message}"
            raise kind(told, fault.hint) from fault
        except BaseException:
            await self._unbegun(driver, session)
            raise
        followed = self._followed(session)
        begun = self._noted.get(session)  # it may have ended meanwhile
        if begun is not None and begun.address:
            followed.heard.set()  # it has said nothing yet: there is nothing to be taken up

    async def shown(self, session: str) -> None:
        """What is pulled of an actor anyway has brought its session; else it is pulled now."""
        if (actor := self._actors.get(session)) is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(actor.brought.wait(), _BROUGHT_S)
        if session not in self._deck.sessions:
            await self.elsewhere.pull(self.name, session)

    def looked_at(self, actor: str) -> bool:
        """Whether somebody looks at a session of an actor."""
        return any(self._deck.looked_at(mirror.id) for mirror in self.mirrors(actor))

    def short_of_memory(self, actor: str, why: str) -> None:
        """Tell the user why a turn was cut off."""
        named = " ".join(f"“{name_of(m.summary)}”" for m in self.mirrors(actor)) or actor
        self._deck.notice("cluster", f"Ray ended {named}, whose turn is cut off: {why}")

    async def _greeted(
        self, driver: Driver, session: str, told: ActorPlaced | ActorRefused, nodes: list[NodeGives]
    ) -> None:  # fmt: skip
        if "error" in told:
            raise untrusted_input.refusal(told_as(told["error"]))
        if told.get("version") != VERSION:
            raise UsageError(
                f"agentdeck is of version {clean_line(str(told.get('version')))} on the node "
                f"{clean_line(str(told.get('host')))}, and of {VERSION} here.",
                "Install the same on all nodes.",
            )  # fmt: skip
        await self._placed(driver, session, told.get("node"), nodes)

    async def _placed(
        self, driver: Driver, session: str, node: object, nodes: list[NodeGives]
    ) -> None:  # fmt: skip
        """Note where an actor is: what it recorded is there when it is lost."""
        if all(n["id"] != node for n in nodes):
            nodes = await driver.ask("nodes")  # it came meanwhile
        address = next((str(n["address"]) for n in nodes if n["id"] == node), "")
        if session in self._noted:  # it may have ended meanwhile
            self._noted[session] = replace(self._noted[session], address=address)
            await self._note(session)

    async def _note(self, session: str) -> None:
        """What is known of an actor is on the disk, also where nobody waits for that any more.

        Raises OSError.
        """

        async def noted() -> None:
            async with self._noting:  # the last that is known is the last that is written
                if (begun := self._noted.get(session)) is not None:
                    await asyncio.to_thread(self.ledger.note, begun)
                if session not in self._noted:
                    self.ledger.ended(session)  # it has parted meanwhile

        await asyncio.shield(asyncio.ensure_future(noted()))

    async def located(self, actor: str) -> None:
        """It is known where an actor is, also where the engine before this one did not learn it."""
        begun = self._noted.get(actor)
        if begun is None or begun.address:
            return
        try:
            driver = await self.driver()
            told = await driver.ask("greet", actor=actor)
            await self._placed(driver, actor, told.get("node"), [])
        except (BridgeFault, OSError) as fault:
            log.warning("where the actor of session %s is can't be told: %s", actor, fault)

    async def _unbegun(self, driver: Driver, session: str) -> None:
        if session in self._noted and session not in self._actors:
            try:
                await driver.ask("end", actor=session, known={}, wait_s=1.0)
            except BridgeFault as fault:
                log.warning("an actor that did not begin may be left: %s", fault)
                if fault.kind == frames.AWAY:
                    await self._to_be_ended(session)
                    return
            self.parted(session)

    async def _unsafe(self, driver: Driver) -> str:
        """Why no session is trusted to this cluster, "" where its head asks for a token."""
        if self._safe is None or (self._safe.done() and self._safe.exception()):
            self._safe = asyncio.ensure_future(driver.ask("auth"))
        mode = await asyncio.shield(self._safe)
        if mode == "token":
            return ""
        return (
            "The cluster asks nobody for a token: whoever reaches its ports can run anything on "
            "it, so agentdeck sends it nothing."
        )

    async def end(self, session: str) -> None:
        """End a session's actor for real, its agents and commands with it; its record stays.

        Raises Offline: it is ended as soon as the cluster is back.
        """
        if session not in self._noted:
            return
        await self._to_be_ended(session)
        driver = await self.reached()
        actor = self._actors.get(session) or Actor(self, session)
        await actor.close()
        try:
            rest = await driver.ask("end", actor=session, known=actor.known())
        except BridgeFault as fault:
            if fault.kind in (frames.LOST, frames.FULL):
                await actor.lost(fault.message)
                return
            told = f"The actor is not ended: {fault.message}"
            raise Offline(told, "It is once the cluster is back.") from fault
        if rest is None:
            await actor.lost("it did not answer when it was to end, and was ended for real")
            return
        await actor.take(rest)
        for mirror in self.mirrors(session):
            mirror.back()
        self.parted(session)

    async def _to_be_ended(self, session: str) -> None:
        self._noted[session] = replace(self._noted[session], over=True)
        try:
            await self._note(session)
        except OSError as error:
            log.warning("that %s is to be ended can't be noted: %s", session, error)

    # -- what is asked of it (sessions.remote.site_interface.Site)

    async def call(self, command: str, args: ev.JSON) -> Any:
        """A command of the engine, done by the session's actor."""
        wanted = str(args.get("session") or args.get("id") or "")
        actor = self._actor_of(wanted)
        if actor not in self._noted:
            raise Lost(
                "The actor of this session has ended: nothing can be sent to it.",
                "What it said stays, and can be read, searched and harvested.",
            )
        driver = await self.reached()
        try:
            said = await driver.ask("call", actor=actor, command=command, args=codec.encode(args))
        except BridgeFault as fault:
            raise Offline(fault.message, "Whether it was done is not known.") from fault
        told = codec.loads(said)
        if refused := told.get("error"):
            raise untrusted_input.refusal(told_as(refused))
        return told.get("ok")

    async def since(self, session: str, seq: int) -> Sequence[bytes | ev.JSON]:
        """Lines of a session's journal after `seq`."""
        actor = self._actor_of(session)
        if actor not in self._noted:
            raise Lost("The actor of this session has ended: nothing more comes of it.")
        driver = await self.reached()
        known = {m.id: _ALL for m in self.mirrors(actor)} | {session: seq}
        try:
            news = await driver.ask("news", actor=actor, known=known, wait_s=0, slack_s=SLACK_S)
        except BridgeFault as fault:
            raise Offline(fault.message) from fault
        return list(news.get(session, ()))

    async def nodes(self) -> list[ClusterNode]:
        """Every node with what agentdeck finds there. Raises AgentdeckError."""
        driver = await self.reached()
        try:
            found = await driver.ask("nodes")
        except BridgeFault as fault:
            raise Offline(fault.message, fault.hint) from fault
        unsafe = await self._unsafe(driver)

        async def told(node: NodeGives) -> ClusterNode:
            try:
                facts: NodeFound = await driver.ask("facts", node=node["id"])
            except BridgeFault as fault:
                return _node(node, {"fault": f"{fault.message} {fault.hint}".strip()})
            wrong = f"Here is agentdeck {VERSION}: install the same on all nodes."
            other = "" if facts.get("version") == VERSION else wrong
            facts["fault"] = unsafe or facts.get("fault") or other
            return _node(node, facts)

        return list(await asyncio.gather(*(told(node) for node in found)))


def _node(node: NodeGives, facts: NodeFound) -> ClusterNode:
    return {
        "id": clean_line(str(node["id"])),
        "address": clean_line(str(node["address"])),
        "host": clean_line(str(facts.get("host", ""))),
        "labels": untrusted_input.answer(
            {k: v for k, v in node["labels"].items() if not k.startswith("ray.io/")}
        ),
        "resources": untrusted_input.answer(
            {k: v for k, v in node["resources"].items() if not k.startswith(("node:", "object_"))}
        ),
        "version": clean_line(str(facts.get("version", ""))),
        "python": clean_line(str(facts.get("python", ""))),
        "memory": int(facts.get("memory", 0)),
        "home": clean_line(str(facts.get("home", ""))),
        "backends": untrusted_input.answer(facts.get("backends", [])),
        "fault": clean_line(str(facts.get("fault", ""))),
    }
