"""What engine, bridge, actors and nodes tell each other, by its keys.

For the type checker, and as this version writes it: what comes is of another process, perhaps of
another version, and whoever shows it makes it safe first.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict, final

from sessions.api.cluster import NodeBackend
from sessions.api.lines import ErrorSent
from sessions.remote.cluster.frames import FaultWord


class FrameAsked(TypedDict):
    """A question: the method `op`, and what it takes."""

    id: int
    op: str
    args: dict[str, Any]


class FrameAnswer(TypedDict):
    """An answer, to the question of that number."""

    id: int
    ok: Any


class BridgeRefusal(TypedDict):
    """Why the bridge does not answer."""

    id: int
    fault: FaultWord
    message: str
    hint: str


class BodyFault(TypedDict):
    """What went wrong in a session's process, in its words."""

    id: int
    fault: str


class SeedSent(TypedDict):
    """What an actor begins with; see `sessions.remote.cluster.actor_start.Seed`."""

    session: str
    config: NotRequired[str]
    env: NotRequired[dict[str, str]]


class ProcessSeed(TypedDict):
    """What the process of a session is given by the worker that asks for it."""

    seed: SeedSent
    env: dict[str, str]
    cwd: str


class ActorFacts(TypedDict):
    """What an actor says of itself. `auth`: whether its Ray asks for a token."""

    version: str
    pid: int
    host: str
    home: str
    auth: str


@final
class ActorPlaced(ActorFacts):
    """The same, with Ray's name for its node."""

    node: str


@final
class ActorRefused(TypedDict):
    """What an actor says that could not open its session. `node`: as above."""

    error: ErrorSent
    node: NotRequired[str]


class NodeGives(TypedDict):
    """A node that lives, by what Ray says of it."""

    id: str
    address: str
    name: str
    resources: dict[str, float]
    labels: dict[str, str]


class NodeFound(TypedDict, total=False):
    """What agentdeck finds on a node; where that could not be asked, `fault` alone.

    `memory`: bytes that are free; `fault`: why nothing runs there.
    """

    version: str
    python: str
    host: str
    auth: str
    memory: int
    home: str
    backends: list[NodeBackend]
    fault: str


class ActorOptions(TypedDict):
    """What an actor asks of its node, as Ray takes it."""

    num_cpus: float
    num_gpus: float
    memory: NotRequired[int]
    resources: NotRequired[dict[str, float]]
    label_selector: NotRequired[dict[str, str]]
