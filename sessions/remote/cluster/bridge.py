"""The process that speaks with Ray: `python -P -m ….bridge ADDRESS NAMESPACE`.

Ray ends the process of a driver when the head of its cluster is gone for a minute, and costs half
a second and a hundred megabytes to import: neither may happen to the engine. When the engine ends
while it has actors, this process waits for the next one, which so is let in at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, cast

from sessions.remote.cluster import actor_deck, frames, prerequisites, ray_actor

if TYPE_CHECKING:
    from sessions.remote.cluster.shapes import (
        ActorOptions,
        ActorPlaced,
        ActorRefused,
        BridgeRefusal,
        FrameAnswer,
        FrameAsked,
        NodeFound,
        NodeGives,
        SeedSent,
    )

log = logging.getLogger("agentdeck.cluster")

INIT_S = 45.0
GREET_S = 60.0
FACTS_S = 60.0
END_S = 10.0
LINGER_S = 300.0
"""So long it waits for an engine."""
TOLD_S = 1.0
WATCH_S = 5.0
DEAD_S = 30.0
Method = Callable[..., Awaitable[Any]]


class RayRefused(Exception):
    """What can't be done: `kind` as in `frames`."""

    def __init__(self, kind: frames.FaultWord, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.kind, self.message, self.hint = kind, message, hint


def connect(address: str, namespace: str) -> Any:
    """Ray, connected to its cluster. Raises RayRefused."""
    lack, remedy = prerequisites.lack(address)
    if lack:
        raise RayRefused(frames.AWAY, lack, remedy)
    os.environ["RAY_AUTH_MODE"] = "token"
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    import ray

    try:
        ray.init(
            address=address, namespace=namespace, log_to_driver=False, logging_level="error",
            configure_logging=False,
        )  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else repr(error)
        raise RayRefused(
            frames.AWAY, f"The cluster at {address} does not take us in: {first}",
            f"Its token must be the one here, and this machine one of its nodes: "
            f"ray start --address={address} --num-cpus=0",
        ) from error  # fmt: skip
    return ray


class RayBridge:
    """What the engine asks, by its name: each of the methods without a dash before it."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self._class = ray.remote(max_restarts=0, max_task_retries=0)(ray_actor.SessionActor)
        self._handles: dict[str, Any] = {}
        self._node = str(ray.get_runtime_context().get_node_id())

    # -- the cluster

    async def watch(self, every_s: float = WATCH_S) -> None:
        """Return once this process belongs to no cluster any more, and hears nothing of actors.

        Where another head has come to the address, Ray ends the process by being asked.
        """
        while True:
            await asyncio.sleep(every_s)
            try:
                alive = {node["id"] for node in await self.nodes()}
            except Exception:
                # Whatever Ray says of a head that is away: it ends this process itself in time.
                log.warning("the cluster does not say its nodes", exc_info=True)
                continue
            if alive and self._node not in alive:
                log.warning("this machine's node is none of the cluster's any more")
                return

    async def nodes(self) -> list[NodeGives]:
        """Every node that lives, and what it can give."""
        found = await asyncio.to_thread(self.ray.nodes)
        return [
            {
                "id": n["NodeID"], "address": n["NodeManagerAddress"], "name": n["NodeName"],
                "resources": dict(n["Resources"]), "labels": dict(n["Labels"]),
            }
            for n in found
            if n["Alive"]
        ]  # fmt: skip

    async def auth(self) -> str:
        """Whether the head asks for a token, as its own processes have it."""

        def mode() -> str:  # sent by its code: the head need not have agentdeck
            import os

            return os.environ.get("RAY_AUTH_MODE", "")

        task = self.ray.remote(num_cpus=0, max_retries=0)(mode)
        head = {"resources": {"node:__internal_head__": 0.001}}
        return str(await self._answer(task.options(**head).remote(), FACTS_S))

    async def facts(self, node: str) -> NodeFound:
        """What agentdeck finds on a node."""
        task = self.ray.remote(num_cpus=0, max_retries=0)(actor_deck.facts)
        found = dict(await self._answer(task.options(**_on(node)).remote(), FACTS_S))
        return cast("NodeFound", found)

    # -- actors

    async def actors(self) -> list[str]:
        """Names of the actors of this deck that live."""
        return list(await asyncio.to_thread(self.ray.util.list_named_actors))

    async def begin(
        self, actor: str, seed: SeedSent, needs: ActorOptions
    ) -> ActorPlaced | ActorRefused:  # fmt: skip
        """Make an actor and greet it, once there is a node with room; what it says of itself."""
        handle = self._class.options(
            name=actor, lifetime="detached", max_concurrency=100, **needs
        ).remote(seed)
        self._handles[actor] = handle
        return await self.greet(actor, wait_s=0)

    async def greet(self, actor: str, wait_s: float = GREET_S) -> ActorPlaced | ActorRefused:
        """What an actor says of itself. `wait_s` 0: as long as no node has room for it."""
        handle = await self._of(actor)
        told = dict(await self._answer(handle.hello.remote(), wait_s))
        return cast("ActorPlaced | ActorRefused", told)

    async def call(self, actor: str, command: str, args: bytes) -> bytes:
        """A command of the engine, done by the actor's."""
        asked = (await self._of(actor)).call.remote(command, args)
        return bytes(await self._answer(asked, 0))

    async def news(
        self, actor: str, known: dict[str, int], wait_s: float, slack_s: float,
        gather_s: float = 0.0,
    ) -> dict[str, list[bytes]]:  # fmt: skip
        """What its sessions said since; given up `slack_s` after it should have been answered."""
        asked = (await self._of(actor)).news.remote(known, wait_s, gather_s)
        return dict(await self._answer(asked, wait_s + slack_s))

    async def end(
        self, actor: str, known: dict[str, int], wait_s: float = END_S
    ) -> dict[str, list[bytes]] | None:
        """End an actor and all that it started; the rest of what its sessions said.

        It is asked to; where it does not answer, it is ended for real all the same (None).
        """
        handle, rest = await self._of(actor), None
        try:
            rest = dict(await self._answer(handle.end.remote(known), wait_s))
        except RayRefused as error:
            log.warning("actor %s is not asked any longer: %s", actor, error)
        await asyncio.to_thread(self.ray.kill, handle)
        self._handles.pop(actor, None)
        await self._dead(handle)
        return rest

    async def _dead(self, handle: Any) -> None:
        """Until a process that was ended for real is no more."""
        try:
            await self._answer(handle.hello.remote(), DEAD_S)
        except RayRefused as error:
            log.info("an actor has ended: %s", error)

    async def salvage(
        self, node: str, session: str, known: dict[str, int]
    ) -> dict[str, list[bytes]]:  # fmt: skip
        """What a dead actor left on its node."""
        task = self.ray.remote(num_cpus=0, max_retries=0)(_salvage)
        asked = task.options(**_on(node)).remote(session, known)
        return dict(await self._answer(asked, FACTS_S))

    async def _of(self, actor: str) -> Any:
        handle = self._handles.get(actor)
        if handle is None:
            try:
                handle = await asyncio.to_thread(self.ray.get_actor, actor)
            except ValueError as error:
                raise RayRefused(frames.LOST, f"The cluster knows no actor {actor}.") from error
            self._handles[actor] = handle
        return handle

    async def _answer(self, asked: Any, wait_s: float) -> Any:
        """What Ray answers. Raises RayRefused."""
        errors = self.ray.exceptions
        try:
            return await asyncio.wait_for(_awaited(asked), wait_s or None)
        except TimeoutError as error:
            raise RayRefused(frames.AWAY, f"No answer within {wait_s:g} s.") from error
        except errors.ActorUnavailableError as error:
            raise RayRefused(frames.AWAY, _first(error)) from error
        except errors.OutOfMemoryError as error:
            raise RayRefused(frames.FULL, _first(error)) from error
        except (errors.RayActorError, errors.ActorDiedError) as error:
            raise RayRefused(frames.LOST, _why_dead(error)) from error
        except errors.RayTaskError as error:
            raise RayRefused(frames.REFUSED, _cause(error)) from error
        except errors.RayError as error:
            raise RayRefused(frames.AWAY, _first(error)) from error


def _salvage(session: str, known: dict[str, int]) -> dict[str, list[bytes]]:
    return asyncio.run(actor_deck.salvaged(session, known))


async def _awaited(asked: Any) -> Any:
    return await asked


def _on(node: str) -> dict[str, Any]:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    return {"scheduling_strategy": NodeAffinitySchedulingStrategy(node, soft=False)}


def _first(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), repr(error))


def _why_dead(error: Exception) -> str:
    """Why an actor is dead, in one line of Ray's many."""
    lines = [line.strip() for line in str(error).splitlines()]
    told = next((line for line in lines if line.startswith("The actor is dead")), _first(error))
    if "ModuleNotFoundError" in str(error) or "No module named" in str(error):
        return "agentdeck is not installed for the Python of that node."
    return told.split(" Some common causes", 1)[0][:400]


def _cause(error: Any) -> str:
    cause = getattr(error, "cause", None) or error
    if "No module named 'sessions" in str(error):
        return "agentdeck is not installed for the Python of that node."
    return f"{type(cause).__name__}: {_first(cause)}"[:400]


class _Serving:
    """Answers the engine, one after the other, until none has come for a while."""

    def __init__(self, connection: str) -> None:
        self._connection = connection
        self._bridge: asyncio.Future[RayBridge] = asyncio.get_running_loop().create_future()
        self._tasks: set[asyncio.Task[None]] = set()
        self._alone = asyncio.Event()
        self._engines = 0

    async def serve(self, address: str, namespace: str) -> None:
        """Connect, and answer until nobody asks any more. Raises RayRefused."""
        try:
            bridge = RayBridge(await _connected(address, namespace))
            self._bridge.set_result(bridge)
        except RayRefused as error:
            self._bridge.set_exception(error)
            await asyncio.sleep(TOLD_S)  # whoever is here reads why
            return
        ends = [asyncio.ensure_future(each) for each in (bridge.watch(), self._needed())]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)

    async def _needed(self) -> None:
        """Return once no engine has come for a while."""
        while True:
            self._alone.clear()
            try:
                await asyncio.wait_for(self._alone.wait(), LINGER_S)
            except TimeoutError:
                if not self._engines:
                    return

    async def attached(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer an engine until it is gone."""
        self._engines += 1
        try:
            writer.write(frames.frame({"is": self._connection, "pid": os.getpid()}))
            try:
                bridge = await asyncio.shield(self._bridge)
            except RayRefused as error:
                writer.write(frames.frame(_told(0, error)))
                return
            writer.write(frames.frame({"id": 0, "ok": str(bridge.ray.__version__)}))
            while (asked := await frames.read(reader)) is not None:
                task = asyncio.ensure_future(self._done(bridge, cast("FrameAsked", asked), writer))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        finally:
            self._engines -= 1
            self._alone.set()
            writer.close()

    async def _done(
        self, bridge: RayBridge, asked: FrameAsked, writer: asyncio.StreamWriter
    ) -> None:
        try:
            method: Method = getattr(bridge, str(asked["op"]).lstrip("_"))
            answer: FrameAnswer | BridgeRefusal = {
                "id": asked["id"],
                "ok": await method(**asked["args"]),
            }
        except RayRefused as error:
            answer = _told(asked["id"], error)
        except Exception as error:
            # The boundary of a worker: one question fails, the bridge goes on.
            log.exception("%s", asked.get("op"))
            answer = _told(asked["id"], RayRefused(frames.AWAY, f"{type(error).__name__}: {error}"))
        if not writer.is_closing():  # the engine that asked may be gone
            writer.write(frames.frame(answer))
            with contextlib.suppress(ConnectionError):
                await writer.drain()


def _told(number: int, error: RayRefused) -> BridgeRefusal:
    return {"id": number, "fault": error.kind, "message": error.message, "hint": error.hint}


async def _connected(address: str, namespace: str) -> Any:
    """Ray, within a time. Raises RayRefused."""
    try:
        return await asyncio.wait_for(asyncio.to_thread(connect, address, namespace), INIT_S)
    except TimeoutError as error:
        told = f"The cluster at {address} did not take us in within {INIT_S:g} s."
        raise RayRefused(
            frames.AWAY, told,
            "Its token must be the one here, and its certificates where it uses TLS (RAY_USE_TLS).",
        ) from error  # fmt: skip


async def _main(address: str, namespace: str, listening: socket.socket) -> None:
    serving = _Serving(prerequisites.connection(address, namespace))
    async with await asyncio.start_unix_server(
        serving.attached, sock=listening, limit=2**20
    ):  # fmt: skip
        await serving.serve(address, namespace)


def main() -> None:
    """Serve the engines that come to the socket that stdin is; all words go to the log."""
    listening = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(_main(sys.argv[1], sys.argv[2], listening))


if __name__ == "__main__":
    try:
        main()
    finally:
        # Ray's own end would wait for its threads; nothing of here is kept anywhere.
        os._exit(0)
