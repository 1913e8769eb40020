"""The machines of the configuration: each reached, and kept reached, while the engine runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from sessions.features.feature import Feature
from sessions.remote.old_bundles import swept

if TYPE_CHECKING:
    from sessions.config.model import HostConfig
    from sessions.remote.host import RemoteHost
    from sessions.runtime.deck import Deck


class Hosts(Feature):
    """Hosts by name, as the configuration has them."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self.hosts: dict[str, RemoteHost] = {}
        self._open = False
        self._closing: set[asyncio.Task[None]] = set()

    async def opened(self) -> None:
        self._open = True
        self.configured()
        await asyncio.to_thread(swept, self._deck.places)  # what stayed of others' tasks here

    def configured(self) -> None:
        """Hosts that are new are reached, those that are not there any more are let go."""
        wanted = self._deck.config.hosts if self._open else {}
        for name, host in list(self.hosts.items()):
            if wanted.get(name) != host.config:
                self._let_go(name)
        for name, config in wanted.items():
            if name not in self.hosts:
                self._reach(name, config)

    def _reach(self, name: str, config: HostConfig) -> None:
        from sessions.remote.host import RemoteHost

        deck = self._deck
        host = RemoteHost(
            name, config, deck.elsewhere, lambda told: deck.notice("host", told, host=name)
        )
        self.hosts[name] = host
        deck.elsewhere.add(host)
        host.start()

    def _let_go(self, name: str) -> None:
        host = self.hosts.pop(name)
        self._deck.elsewhere.drop(name)
        task = asyncio.get_running_loop().create_task(host.close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def stop(self) -> None:
        self._open = False
        self.configured()
        await asyncio.gather(*self._closing, return_exceptions=True)
