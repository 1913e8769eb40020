"""Servers of the Model Context Protocol as tools (`mcp` SDK 2.x, the optional extra `[mcp]`).

A server is started (stdio) or reached (HTTP) once per equal configuration and shared by the
sessions that use it; each lives in a task of its own, since the SDK's connections must be opened
and closed by the same task. Its tools are called `mcp__SERVER__TOOL` and go through the same
permissions: what a server says of its own tools' harmlessness counts for nothing, and an allowance
is bound to the tool's definition and to how the server is started, so that a tool that changes
behind its name asks again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib
import json
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.errors import AgentdeckError
from sessions.paths import private_folder
from sessions.record import events as ev
from sessions.record.closed_sets import CallStatus
from sessions.record.event_parts import KeptFile, ResultFacts
from sessions.safety.stderr_log import StderrLog
from sessions.tools import mcp_asks, mcp_wire, policy, schema
from sessions.tools.base import CallContext, Outcome, ToolFault, Verdict
from sessions.tools.command_output import readable
from sessions.tools.elicitation import elicit
from sessions.tools.kept_resources import keep, keep_picture
from sessions.tools.mcp_schema import Arguments, Shaped, Unusable, shape
from skills.text import hidden

if TYPE_CHECKING:
    from sessions.config.model import McpServer

log = logging.getLogger("agentdeck.mcp")

CALL_S = 300.0
_MAX_TOOLS = 128
_MAX_PAGES = 64
_NO_METHOD = -32601
_CLOSED = -32000
"""The SDK's error code of a connection that has ended."""
_DESCRIPTION_CHARS = 4000
_MAX_TEXT = 2_000_000
"""Characters of one answer's text that are kept."""


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How a server is reached: a command on stdio, or a URL. From the user's configuration alone.

    `timeout_s`: how long it may take to start and to list its tools.
    """

    name: str
    command: tuple[str, ...] = ()
    url: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    timeout_s: float = 30.0

    @property
    def key(self) -> str:
        """Equal for equal servers. Values of `env` may be secrets; only their hash is in it."""
        told = [list(self.command), self.url, sorted(self.env.items())]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def spec_of(name: str, server: McpServer) -> ServerSpec:
    """A server as `[mcp.servers.NAME]` of the user's configuration has it."""
    return ServerSpec(name, tuple(server.command), server.url, server.env, server.timeout_s)


class McpConnection:
    """One connection, opened when first wanted. `use` is called by any task."""

    def __init__(self, spec: ServerSpec, log_file: Path) -> None:
        self.spec = spec
        self.tools: list[ev.JSON] = []
        """`{"name", "description", "input_schema"}` as the server has them."""
        self.shapes: dict[str, Shaped] = {}
        """Their schemas as models are told them."""
        self.left_out: list[str] = []
        """Which tools are not offered, and why: one sentence each."""
        self.version = 0
        """Counts how often the tools have become others."""
        self._stale = False
        self._wire = mcp_wire.Mending(self._changed)
        self._asked = mcp_asks.McpAsks(spec.name)
        self._log_file = log_file
        self._client: Any = None
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[None] | None = None
        self._opening = asyncio.Lock()

    @property
    def connected(self) -> bool:
        """Whether it can be asked at once."""
        ready, task = self._ready, self._task
        return bool(task and not task.done() and ready and ready.done())

    async def open(self) -> None:
        """Connect, if it is not. Raises AgentdeckError saying why it can't be."""
        async with self._opening:
            if self._task is not None and not self._task.done():
                return
            self._stop = asyncio.Event()
            self._ready = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._live(), name=f"mcp {self.spec.name}")
            try:
                async with asyncio.timeout(self.spec.timeout_s):
                    await asyncio.shield(self._ready)
            except TimeoutError as error:
                self._closing = asyncio.ensure_future(self.close())  # nobody waits for that
                raise AgentdeckError(
                    f"The MCP server {self.spec.name} did not answer within "
                    f"{self.spec.timeout_s:g} s.",
                    f"See {self._log_file}.",
                ) from error

    def _changed(self) -> None:
        """The server says that its tools are others now."""
        self._stale = True

    async def current(self) -> int:
        """The version of the tools, after listing them anew if the server said that they changed.

        A server that fails at it keeps the tools it had.
        """
        client = self._client
        if self._stale and client is not None:
            async with self._opening:
                if self._stale:
                    self._stale = False
                    try:
                        async with asyncio.timeout(self.spec.timeout_s):
                            await self._take(*await _list(client, self._wire))
                    except Exception as error:
                        log.warning("mcp %s: listing again", self.spec.name, exc_info=error)
        return self.version

    async def _take(self, tools: list[ev.JSON], more: bool) -> None:
        """The tools of a listing, without those that can't be offered."""
        kept, left_out = await asyncio.to_thread(_usable, tools, self.spec.name)
        if more:
            left_out.append(
                f"The MCP server {self.spec.name} has more tools than can be offered; "
                f"only its first {_MAX_TOOLS} are."
            )
        if [tool for tool, _ in kept] != self.tools:
            self.version += 1
        self.tools, self.left_out = [tool for tool, _ in kept], left_out
        self.shapes = {str(tool["name"]): shaped for tool, shaped in kept}

    async def use(self, tool: str, args: ev.JSON, ask: mcp_asks.Ask | None = None) -> Any:
        """Call a tool; `ask` answers what the server wants to know. Raises ToolFault."""
        try:
            await self.open()
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
        task = self._task
        assert task is not None
        limit = asyncio.timeout(CALL_S)
        with self._asked.during(ask, limit):
            call = asyncio.ensure_future(self._client.call_tool(tool, args))
            try:
                async with limit:
                    # A server that ends in the middle of a call does not always end the call.
                    await asyncio.wait([call, task], return_when=asyncio.FIRST_COMPLETED)
                if not call.done():
                    raise ToolFault(f"The MCP server {self.spec.name} ended during the call.")
                return call.result()
            except TimeoutError as error:
                raise ToolFault(f"{tool} did not answer within {CALL_S:g} s.") from error
            except (asyncio.CancelledError, ToolFault):
                raise
            except Exception as error:
                # The boundary to a foreign server: whatever it does is one failed call.
                if getattr(error, "code", _CLOSED) == _CLOSED:
                    await self.close()  # the next call starts it again
                raise ToolFault(
                    f"The MCP server {self.spec.name} failed: {_said(error)}"
                ) from error
            finally:
                call.cancel()

    async def close(self) -> None:
        """End the connection, and the server if it was started here."""
        self._stop.set()
        task = self._task
        if task is None:
            return
        if self._ready is not None and not self._ready.done():
            task.cancel()  # it still connects, and does not look at `_stop`
        done, _ = await asyncio.wait([task], timeout=10.0)
        if not done:
            task.cancel()
            await asyncio.wait([task], timeout=5.0)

    async def _live(self) -> None:
        """The server's own task: connect, list, wait for the end."""
        assert self._ready is not None
        try:
            with StderrLog(self._log_file) as errors:
                async with self._connect(errors) as client:
                    self._client, self._stale = client, False
                    await self._take(*await _list(client, self._wire))
                    self._ready.set_result(None)
                    async with _listening(client):
                        await self._stop.wait()
        except Exception as error:
            # The boundary to a foreign server; the SDK wraps its faults in groups.
            log.warning("mcp %s", self.spec.name, exc_info=error)
            if not self._ready.done():
                why = _said(error).removesuffix(".")
                self._ready.set_exception(
                    AgentdeckError(
                        f"The MCP server {self.spec.name} can't be used: {why}."
                        + (f" It printed: {printed}" if (printed := self._printed()) else ""),
                        f"See {self._log_file}, and its entry in the configuration.",
                    )
                )
        finally:
            self._client = None

    def _printed(self) -> str:
        """What it said on stdout that was no message: often why it can't run."""
        return " ".join(_seen(" ".join(self._wire.printed)).split())[:300]

    def _connect(self, errors: Any) -> Any:
        sdk = sdk_of()
        self._wire = mcp_wire.Mending(self._changed)
        if self.spec.url:
            wire: Any = mcp_wire.address(self.spec.url, self._wire)
        elif self.spec.command:
            wire = mcp_wire.program(self.spec.command, dict(self.spec.env), errors, self._wire)
        else:
            raise AgentdeckError("it has neither command nor url.")
        return sdk.Client(wire, cache=None, elicitation_callback=self._asked.answer)


def sdk_of() -> Any:
    """The SDK, imported now. Raises AgentdeckError when it is not installed."""
    try:
        return importlib.import_module("mcp")
    except ImportError as error:
        raise AgentdeckError(
            "MCP servers need the mcp package.", "pip install 'agentdeck-tui[mcp]'"
        ) from error


async def _list(client: Any, wire: mcp_wire.Mending) -> tuple[list[ev.JSON], bool]:
    """A server's tools as it has them, and whether there are more than are taken."""
    tools: list[ev.JSON] = []
    cursors: set[str] = set()
    cursor: str | None = None
    for _ in range(_MAX_PAGES):
        try:
            page = await (client.list_tools(cursor=cursor) if cursor else client.list_tools())
        except Exception as error:
            if getattr(error, "code", 0) == _NO_METHOD:
                return tools, False  # it has none
            raise
        tools += wire.tools
        cursor = page.next_cursor
        if not cursor or cursor in cursors or len(tools) > _MAX_TOOLS:
            break
        cursors.add(cursor)
    return tools[:_MAX_TOOLS], len(tools) > _MAX_TOOLS


def _usable(
    tools: Sequence[ev.JSON], server: str
) -> tuple[list[tuple[ev.JSON, Shaped]], list[str]]:
    """The tools that can be offered, and a sentence for each that can't."""
    kept: list[tuple[ev.JSON, Shaped]] = []
    left_out: list[str] = []
    names: set[str] = set()
    for number, tool in enumerate(tools, 1):
        name, description = tool.get("name"), tool.get("description")
        told = _seen(name)[:80] if isinstance(name, str) and name else f"number {number}"
        why, shaped = "", Shaped({})
        given = tool.get("inputSchema")
        if not isinstance(name, str) or not name:
            why = "it has no name"
        elif name in names:
            why = "the server has another of the same name"
        else:
            try:
                shaped = shape(given)
            except Unusable as error:
                why = str(error)
        if why:
            left_out.append(f"The tool {told} of the MCP server {server} is left out: {why}.")
            continue
        names.add(str(name))
        words = description if isinstance(description, str) else ""
        kept.append(({"name": name, "description": words, "input_schema": given}, shaped))
    return kept, left_out


@contextlib.asynccontextmanager
async def _listening(client: Any) -> AsyncIterator[None]:
    """Servers of 2026-07-28 tell of changes to those alone who listen; others do by themselves."""
    can = getattr(client.server_capabilities, "tools", None)
    if not getattr(can, "list_changed", False) or client.session.initialize_result is not None:
        yield
        return
    listening = asyncio.ensure_future(_listen(client))
    try:
        yield
    finally:
        listening.cancel()
        await asyncio.wait([listening])


async def _listen(client: Any) -> None:
    try:
        async with client.listen(tools_list_changed=True) as changes:
            async for _ in changes:
                pass  # the wire has seen it
    except Exception as error:  # noqa: BLE001 - the boundary to a foreign server
        log.info("an MCP server does not tell of changes: %s", error)


def _said(error: BaseException) -> str:
    """The first real fault in a group, in one line."""
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return " ".join(readable(str(error).encode("utf-8", "replace")).split())[:300] or repr(error)


class Hub:
    """All MCP servers of the engine. `close` ends them."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._servers: dict[str, McpConnection] = {}

    async def tools(self, specs: Sequence[ServerSpec]) -> tuple[list[McpTool], list[str]]:
        """The tools of some servers, and why others have none (one sentence each)."""
        answers = await asyncio.gather(*(self._tools(s) for s in specs), return_exceptions=True)
        tools: list[McpTool] = []
        faults: list[str] = []
        for answer in answers:
            if isinstance(answer, AgentdeckError):
                faults.append(str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                found, left_out = answer
                tools += found
                faults += left_out
        tools.sort(key=lambda t: t.name)
        for one, other in pairwise(tools):
            if one.name == other.name:
                faults.append(
                    f"Two tools of MCP servers would be called {one.name} here; that of "
                    f"{one.server} is offered, that of {other.server} is left out."
                )
        return tools, faults

    def not_connected(self, specs: Sequence[ServerSpec]) -> list[str]:
        """The names of those that are to be started, or connected to, before they can be asked."""
        there = [(spec.name, self._servers.get(spec.key)) for spec in specs]
        return [name for name, server in there if server is None or not server.connected]

    async def versions(self, specs: Sequence[ServerSpec]) -> list[int]:
        """Which tools the servers have now; another number when they are others."""
        there = [self._servers.get(spec.key) for spec in specs]
        return [await server.current() if server is not None else 0 for server in there]

    async def _tools(self, spec: ServerSpec) -> tuple[list[McpTool], list[str]]:
        server = self._servers.get(spec.key)
        if server is None:
            folder = private_folder(self._state)
            name = re.sub(r"[^A-Za-z0-9_-]", "-", spec.name)[:40]
            server = self._servers.setdefault(
                spec.key, McpConnection(spec, folder / f"mcp-{name}.log")
            )
        await server.open()
        await server.current()
        return [McpTool(spec.name, server, tool) for tool in server.tools], server.left_out

    async def close(self) -> None:
        """End every connection."""
        servers, self._servers = list(self._servers.values()), {}
        await asyncio.gather(*(s.close() for s in servers))


class McpTool:
    """One tool of a server, as `base.Tool`."""

    def __init__(self, server_name: str, server: McpConnection, tool: ev.JSON) -> None:
        self.name = tool_name(server_name, str(tool["name"]))
        self.server = server_name
        self._server = server
        self._tool = str(tool["name"])
        self._digest = digest_of(server.spec, tool)
        self._shaped = server.shapes[self._tool]
        self._arguments = Arguments(tool["input_schema"], self._shaped)
        words = _seen(str(tool["description"]))[:_DESCRIPTION_CHARS]
        self.definition: ev.JSON = {
            "name": self.name,
            "description": f"{words}\n{self._shaped.note}".strip(),
            "input_schema": self._shaped.schema,
        }

    def read(self, given: ev.JSON) -> tuple[ev.JSON, list[str]]:
        """A call's arguments by the server's names, and what is wrong with them."""
        args: ev.JSON = self._shaped.restored(given)
        faults = self._arguments.faults(args)
        if faults and (less := schema.clean(args)) != args:
            return less, self._arguments.faults(less)  # some models send null for what they omit
        return args, faults

    def touches(self, args: ev.JSON, ctx: CallContext) -> tuple[frozenset[str], bool]:
        """The server, writing: what a tool of it changes is not known."""
        return frozenset({f"mcp {self._server.spec.key}"}), True

    async def permission(self, args: ev.JSON, ctx: CallContext) -> Verdict:
        """Asks in every mode until it is allowed."""
        spec = self._server.spec
        where = spec.url or " ".join(spec.command)
        told = json.dumps(args, indent=2, ensure_ascii=True, default=str)
        return policy.judge_tool(
            self.name,
            self._digest,
            ctx,
            summary=f"Use {_seen(self._tool)} of the MCP server {spec.name}",
            detail=f"{_seen(self._tool)} of {spec.name} ({where})\n\n{told}",
            why="A tool of an MCP server does what its server likes, outside any sandbox.",
        )

    async def run(self, args: ev.JSON, ctx: CallContext) -> Outcome:
        """Call it."""
        await self._unchanged()
        host, call = ctx.host, ctx.call.call
        who = f"The MCP server {self.server}"
        answer = await self._server.use(
            self._tool, args, lambda given: elicit(host, who, given, call)
        )
        texts: list[str] = []
        images: list[KeptFile] = []
        resources: list[KeptFile] = []
        for part in answer.content:
            if getattr(part, "type", "") == "resource":
                _take_resource(part.resource, ctx, texts, images, resources)
            else:
                _take(part, ctx, texts, images)
        if not texts and not images and answer.structured_content is not None:
            texts.append(json.dumps(answer.structured_content, ensure_ascii=False, default=str))
        content = "\n".join(texts)
        if len(content) > _MAX_TEXT:
            told = f"(Shortened: its text has {len(content):,} characters, the first are kept.)"
            content = f"{content[:_MAX_TEXT]}\n{told}"
        content = readable(content.encode("utf-8", "replace"))
        if not content:
            content = f"({len(images)} images)" if images else "(It answered nothing.)"
        data: ResultFacts = {"resources": resources} if resources else {}
        status: CallStatus = "error" if answer.is_error else "ok"
        return Outcome(content, status=status, images=images, data=data)

    async def _unchanged(self) -> None:
        """Refuse a tool that is another than what the session was told of. Raises ToolFault."""
        try:
            await self._server.open()
        except AgentdeckError as error:
            raise ToolFault(str(error)) from error
        for tool in self._server.tools:
            if tool["name"] == self._tool and digest_of(self._server.spec, tool) == self._digest:
                return
        raise ToolFault(
            f"{self._tool} of the MCP server {self._server.spec.name} is not what it was, or is "
            "gone; from the next message on it is seen as it is."
        )


def digest_of(spec: ServerSpec, tool: ev.JSON) -> str:
    """What an allowance of a tool is bound to."""
    return hashlib.sha256((spec.key + json.dumps(tool, sort_keys=True)).encode()).hexdigest()


def tool_name(server: str, tool: str) -> str:
    """`mcp__server__tool` in the letters that the Messages API takes, at most 64 of them."""
    name = f"mcp__{re.sub(r'[^A-Za-z0-9-]', '_', server)}__{re.sub(r'[^A-Za-z0-9_-]', '_', tool)}"
    # With `__` in a server's name, or at its end, two pairs of names would read the same.
    plain = "__" not in f"{server}_"
    if plain and name == f"mcp__{server}__{tool}" and len(name) <= 64:
        return name
    return f"{name[:55]}_{hashlib.sha256(f'{server}/{tool}'.encode()).hexdigest()[:8]}"


def _seen(text: str) -> str:
    """A description without characters that a person would not see."""
    clean = readable(text.encode("utf-8", "replace"))
    return "".join(c for c in clean if c == "\n" or not hidden(c))


def _take(part: Any, ctx: CallContext, texts: list[str], images: list[KeptFile]) -> None:
    """One part of an answer: text, an image (kept under `files/`), or something else, named."""
    kind = getattr(part, "type", "")
    if kind == "text":
        texts.append(str(part.text))
    elif kind == "image":
        picture = keep_picture(ctx.host.files, part.data, svg=True)
        if picture is None:
            texts.append("(an image of a kind or size that can't be shown)")
            return
        images.append(picture)
    else:
        name = getattr(part, "uri", "")
        texts.append(f"({kind or 'something unknown'} {name})".replace(" )", ")"))


def _take_resource(
    resource: Any,
    ctx: CallContext,
    texts: list[str],
    images: list[KeptFile],
    resources: list[KeptFile],
) -> None:
    """A file in an answer: its text for the model, a picture as one, and kept for the user."""
    told = resource.model_dump(mode="json", by_alias=True, exclude_none=True)
    text = told.get("text")
    kept = keep(ctx.host.files, told)
    if text is not None:
        texts.append(str(text))
    elif kept is not None and kept["picture"]:
        image: KeptFile = {
            "path": kept["path"],
            "media_type": kept["media_type"],
            "name": kept["name"],
        }
        images.append(image)
        return
    else:
        texts.append(f"(resource {told.get('uri', '')})")
    if kept is not None:
        resources.append(kept)
