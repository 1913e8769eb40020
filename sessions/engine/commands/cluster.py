"""Commands of the Ray cluster."""

from __future__ import annotations

from sessions.api.cluster import ClusterNode
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck


@command("cluster.nodes")
async def nodes(deck: Deck) -> list[ClusterNode]:
    """Every node of the configured cluster, and what agentdeck finds there."""
    return await deck.features.cluster.site.nodes()
