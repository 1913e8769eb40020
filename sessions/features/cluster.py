"""The Ray cluster on which plans may run their tasks, where one is configured."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sessions.errors import UsageError
from sessions.features.feature import Feature

if TYPE_CHECKING:
    from sessions.remote.cluster.site import RaySite
    from sessions.runtime.deck import Deck


class Cluster(Feature):
    """The cluster of a deck: nothing of it is imported where none is configured."""

    def __init__(self, deck: Deck) -> None:
        self._deck = deck
        self._address = ""

    @cached_property
    def _site(self) -> RaySite:
        from sessions.remote.cluster.site import RaySite

        return RaySite(self._deck)

    @property
    def site(self) -> RaySite:
        """The site of its sessions. Raises UsageError: none is configured."""
        if not self._address:
            raise UsageError(
                "No cluster is configured.", "Set [cluster] address (docs/cluster.md)."
            )
        return self._site

    async def begin(
        self,
        session: str,
        resources: Mapping[str, float],
        labels: Mapping[str, str],
        keys: Mapping[str, str],
    ) -> None:
        """An actor for a session that is to be. Raises AgentdeckError."""
        from sessions.remote.cluster.node_resources import Needs

        await self.site.begin(session, Needs(resources, labels), keys)

    async def shown(self, session: str) -> None:
        """A session that an actor has begun is in the deck. Raises AgentdeckError."""
        await self.site.shown(session)

    async def end(self, session: str) -> None:
        """End a session's actor for real. Raises AgentdeckError."""
        await self.site.end(session)

    async def opened(self) -> None:
        """Take up the actors that the engine before this one left running."""
        self.configured()

    def configured(self) -> None:
        """A cluster that is configured is known from now on; connected to when it is needed."""
        address = self._deck.config.cluster.address
        if address and not self._address:
            self._deck.elsewhere.add(self._site)
            self._site.start()
        self._address = address

    async def stop(self) -> None:
        """Nothing more is mirrored: a session that is closed is not opened again by its actor."""
        if "_site" in self.__dict__:
            await self._site.unfollow()

    async def close(self) -> None:
        """Let go of the cluster; its actors go on."""
        if "_site" in self.__dict__:
            await self._site.close()
