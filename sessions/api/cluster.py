"""What the commands of the cluster answer."""

from __future__ import annotations

from typing import TypedDict

from sessions.record.closed_sets import BackendType


class NodeBackend(TypedDict):
    """What can answer on a node, by the node's own configuration."""

    name: str
    type: BackendType
    model: str
    ok: bool
    detail: str


class ClusterNode(TypedDict):
    """A node and what agentdeck finds there. `fault`: why nothing runs there; "" where it can.

    `memory`: bytes that are free; `home`: where the sessions of its actors are.
    """

    id: str
    address: str
    host: str
    labels: dict[str, str]
    resources: dict[str, float]
    version: str
    python: str
    memory: int
    home: str
    backends: list[NodeBackend]
    fault: str
