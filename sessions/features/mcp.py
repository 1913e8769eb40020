"""MCP servers of sessions: those of a profile, and what a session has switched on or off itself.

A change is an event (`session.set` with `mcp`), so it outlives the engine; it applies from the
session's next turn on, when its tools are asked for.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from sessions.api.answers import McpServerState
from sessions.errors import NotFound
from sessions.features.feature import Feature
from sessions.record import events as ev

if TYPE_CHECKING:
    from sessions.backends.base import Settings
    from sessions.config.model import McpServer
    from sessions.runtime.deck import Deck
    from sessions.runtime.session import Session
    from sessions.tools.mcp import Hub, McpTool, ServerSpec


class McpServers(Feature):
    """The MCP servers of the deck's sessions."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._before = self._known
        self._switched: dict[str, dict[str, bool]] = {}
        """Per session, what it has switched itself."""
        self._hub: Hub | None = None
        self._given: dict[str, tuple[frozenset[str], list[int]]] = {}
        """Per session, whose tools it has, and which versions of them."""
        self._told: dict[str, set[str]] = {}
        """Per session, the faults that it has been told of."""

    # -- a session's life

    def joined(self, session: Session) -> None:
        """A session is in memory; its past is folded next."""
        switched = self._switched[session.id] = {}

        def observe(event: ev.Event) -> None:
            if isinstance(event, ev.SessionSet) and isinstance(event.changes.get("mcp"), dict):
                switched.update({str(k): bool(v) for k, v in event.changes["mcp"].items()})

        session.observers.append(observe)

    async def parted(self, session: Session) -> None:
        """A session is not in memory any more."""
        self._switched.pop(session.id, None)
        self._given.pop(session.id, None)
        self._told.pop(session.id, None)

    async def close(self) -> None:
        """End every server that was started."""
        if self._hub is not None:
            await self._hub.close()

    # -- switching

    @property
    def _known(self) -> Mapping[str, McpServer]:
        return self._deck.config.mcp.servers

    def check(self, names: Iterable[str]) -> None:
        """Raises NotFound for a name that the configuration does not have."""
        for name in names:
            if name not in self._known:
                there = ", ".join(sorted(self._known))
                hint = f"There are: {there}." if there else "The configuration has none."
                raise NotFound(f"No MCP server is called {name}.", hint)

    async def switch(self, session: Session, changes: Mapping[str, bool]) -> None:
        """Switch servers on or off for one session, from its next turn on.

        Raises NotFound where the configuration has no server of that name.
        """
        if not changes:
            return
        self.check(changes)
        await session.set({"mcp": dict(changes)})

    def on(self, session: Session) -> frozenset[str]:
        """The names of the servers whose tools the session has."""
        switched = self._switched.get(session.id, {})
        profile = session.summary.profile
        return frozenset(
            name
            for name, server in self._known.items()
            if switched.get(name, _by_profile(server, profile))
        )

    def listed(self, session: Session) -> list[McpServerState]:
        """Every configured server; `switched`: by the session itself."""
        from sessions.safety.secrets_filter import address, hide

        on, switched = self.on(session), self._switched.get(session.id, {})
        return [
            {
                "name": name,
                "on": name in on,
                "switched": name in switched,
                "where": address(server.url) if server.url else hide(" ".join(server.command)),
            }
            for name, server in sorted(self._known.items())
        ]

    # -- a turn

    def ours(self, session: Session) -> frozenset[str]:
        """The names of the servers that we start for a session; an agent starts its own."""
        return frozenset() if self._is_agent(session) else self.on(session)

    def handed(self, session: Session) -> list[ev.JSON]:
        """A session's servers as its agent is told of them; none for a model.

        `McpServer` of the Agent Client Protocol (schema 1.19): stdio without a type, or http.
        """
        if not self._is_agent(session):
            return []
        return [_for_agent(name, self._known[name]) for name in sorted(self.on(session))]

    def _is_agent(self, session: Session) -> bool:
        return self._deck.backend(session.summary.backend).capabilities.own_tools

    def settings(self, session: Session, settings: Settings) -> Settings:
        """An agent is told of its session's servers."""
        return replace(settings, mcp=self.handed(session))

    def configured(self) -> None:
        """Where the configuration has other servers, each session looks anew at its next turn."""
        if self._known == self._before:
            return
        self._before = self._known
        self._given.clear()
        self._told.clear()

    async def found(self, session: Session) -> list[McpTool] | None:
        """The tools of a session's servers, or None when they are those that it has.

        Why some are not there is told in the session, once.
        """
        names = self.ours(session)
        specs = await self._specs(names)
        had = self._given.get(session.id, (frozenset(), []))
        versions = await self._hub.versions(specs) if self._hub is not None else []
        if had == (names, versions):
            return None
        if had[0] != names:
            self._told.pop(session.id, None)
        if self._hub is None:
            self._given[session.id] = (names, [])
            return []
        with _told_of(session, self._hub.not_connected(specs)):
            tools, faults = await self._hub.tools(specs)
        self._given[session.id] = (names, await self._hub.versions(specs))
        told = self._told.setdefault(session.id, set())
        for fault in faults:
            if fault not in told:
                session.recorder.emit(
                    ev.Error(turn=session.summary.turns, kind="mcp", message=fault)
                )
        told.update(faults)
        return tools

    async def _specs(self, names: frozenset[str]) -> list[ServerSpec]:
        """How the servers are reached; the first one brings the hub with it."""
        if not names:
            return []
        from sessions.tools.mcp import Hub, spec_of

        if self._hub is None:
            self._hub = Hub(self._deck.places.state)
        return [spec_of(n, self._known[n]) for n in sorted(names)]


@contextlib.contextmanager
def _told_of(session: Session, servers: Sequence[str]) -> Iterator[None]:
    """While servers start, which takes seconds, it is told what the turn waits for."""
    if not servers:
        yield
        return
    many = "s" if len(servers) > 1 else ""
    waits = f"the MCP server{many} {', '.join(servers)}"
    session.recorder.emit(ev.BackendState(data={"servers": waits}))
    try:
        yield
    finally:
        session.recorder.emit(ev.BackendState(data={"servers": ""}))


def _for_agent(name: str, server: McpServer) -> ev.JSON:
    if server.url:
        return {"type": "http", "name": name, "url": server.url, "headers": []}
    return {
        "name": name,
        "command": server.command[0] if server.command else "",
        "args": list(server.command[1:]),
        "env": [{"name": key, "value": value} for key, value in server.env.items()],
    }


def _by_profile(server: McpServer, profile: str) -> bool:
    return server.auto and (not server.profiles or profile in server.profiles)
