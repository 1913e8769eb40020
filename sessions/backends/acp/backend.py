"""The backend `acp`: one agent process, shared by the sessions that use it.

Sharing is measured: four OpenCode sessions in one process take 1 GB, in four 2 to 3 GB. A
process that nobody has used for a while is put to sleep if its sessions can be loaded again.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from sessions.api.agents import AgentSession
from sessions.backends.acp import (
    before_start,
    elicitation,
    own_skills,
    providers,
    servers,
    subagents,
)
from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.port import Party, Port
from sessions.backends.acp.process import AgentProcess, load_protocol
from sessions.backends.acp.process_per_servers import ServedConversation
from sessions.backends.acp.servers import TakenServers
from sessions.backends.acp.signin import SignIn, ways
from sessions.backends.acp.transport import Message
from sessions.backends.acp.workspace import CAPABILITIES, NO_CAPABILITIES
from sessions.backends.base import Capabilities, ModelInfo, Question, Reply, TurnHost
from sessions.config.known_agents import (
    COMMON_ENV,
    KnownAgent,
    carried,
    is_remote,
    known_by_command,
)
from sessions.config.model import Provider
from sessions.errors import BackendError, UsageError
from sessions.record import events as ev
from sessions.record.summary_parts import AgentChoice, AgentState
from sessions.tools.workspace import Guard
from skills import private_files

log = logging.getLogger("agentdeck.acp")

SLEEP_S = 1800.0
_PAGES = 50
SIGN_IN_S = 600.0
"""How long a person may take to sign in, in the browser that the agent opens."""
_ALWAYS: Message = {
    "auth": {"terminal": True},
    "_meta": {"terminal-auth": True},
    "session": {"notices": {}, "configOptions": {"boolean": {}}},
    **elicitation.CAPABILITIES,
    **subagents.CAPABILITIES,
}
"""What can be done for an agent on any machine."""


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What a configured agent is started with."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    state: Path = field(default_factory=Path)
    """Where its stderr and the list of running agents are kept."""
    directory: str = ""
    """The working directory of its sessions, where the agent runs on another machine."""
    sleep_s: float = SLEEP_S
    providers: Mapping[str, Provider] = field(default_factory=dict)
    skills: Callable[[Path | None], Sequence[str]] = lambda _: ()
    """The names of the skills that are seen from a directory."""
    log_name: str = ""
    """What its stderr's file is called by, if not by `name`."""


class AcpBackend:
    """An agent as a backend (see sessions.backends.base.Backend)."""

    type = "acp"

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self.name = config.name
        self.default_model = config.model
        self.known: KnownAgent | None = known_by_command(list(config.command))
        self.servers = TakenServers(self.known, config.command, self.title)
        self._process: AgentProcess | None = None
        self._starting: asyncio.Task[AgentProcess] | None = None
        self._conversations: dict[str, Party] = {}
        self._opening: list[tuple[Message, Party]] = []
        self._last_turns: dict[str, int] = {}
        self._models: list[ModelInfo] = []
        self._sleep: asyncio.TimerHandle | None = None
        self._loading: asyncio.Future[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._folders: dict[Path, AcpBackend] = {}
        """Where one process serves one directory: a backend of its own for each."""
        self._serving: dict[str, AcpBackend] = {}
        """Where a process is given MCP servers at its start: one for each set of them."""
        self._servers_file = ("", "")
        """The name and text of the file that tells the agent of them."""
        self._parent: AcpBackend | None = None
        self._skills_off: Sequence[str] = ()
        """The skills that the running agent was told not to read by itself."""

    @property
    def title(self) -> str:
        """The agent's own name where it is known, else the configured one."""
        return before_start.title_of(self.name, self._config.command)

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        models = bool(self._models or self.default_model)
        known = before_start.capabilities(self.title, self._config.command, models=models)
        agent = next((b._process for b in self._all if b._process is not None), None)
        if agent is None:
            return known
        return replace(known, images=bool(agent.takes.get("image")), steer=agent.steers)

    @property
    def cost_is_real(self) -> bool:
        """Agents invent a cost for servers that are not their vendor's; then it is not shown."""
        return not any(key.endswith("BASE_URL") and value for key, value in self._env().items())

    def prepare(self) -> None:
        """Load the protocol's package while the first message is typed; no agent is started."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(load_protocol))

    async def open(
        self, session_id: str, cwd: Path, state: AgentState
    ) -> AcpConversation | ServedConversation:
        """A conversation; the agent is started at its first turn."""
        if self.servers.with_command:
            return ServedConversation(self.serving, session_id, cwd, state)
        if self.known is None or not self.known.by_folder or self.remote:
            return AcpConversation(self, session_id, cwd, state)
        if cwd not in self._folders:
            own = hashlib.sha256(str(cwd).encode("utf-8", "replace")).hexdigest()[:8]
            self._folders[cwd] = self._child(own)
        return AcpConversation(self._folders[cwd], session_id, cwd, state)

    def serving(self, wanted: Sequence[ev.JSON]) -> Port:
        """The backend whose process is given those of the MCP servers that are programs."""
        programs = servers.programs(wanted)
        if not programs:
            return self
        name, text = servers.file_of(programs)
        if name not in self._serving:
            child = self._child(name.removesuffix(".json"))
            child._servers_file = name, text
            self._serving[name] = child
        return self._serving[name]

    def _child(self, own: str) -> AcpBackend:
        """A backend of this agent with a process of its own."""
        child = AcpBackend(replace(self._config, log_name=f"{self.name}-{own}"))
        child._parent = self
        return child

    async def models(self) -> list[ModelInfo]:
        """What the agent named in its last session; before that, the configured one."""
        if self._models:
            return list(self._models)
        return [ModelInfo(self.default_model)] if self.default_model else []

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one question in a session of its own, in which every tool is refused."""
        from sessions.backends.acp.question import ask

        return await ask(await self.process(), question, self, on_text)

    async def close(self) -> None:
        """End the agent."""
        for child in self._children:
            await child.close()
        if self._sleep is not None:
            self._sleep.cancel()
        if self._closing is not None:
            await asyncio.wait([self._closing])
        if self._process is not None:
            await self._process.close()
            self._process = None
        if name := self._servers_file[0]:
            (self._config.state / name).unlink(missing_ok=True)

    # -- for conversations

    async def process(self, cwd: Path | None = None) -> AgentProcess:
        """The running agent; started, restarted or woken if need be, then in that directory."""
        if self._sleep is not None:
            self._sleep.cancel()
            self._sleep = None
        agent = self._process
        if agent is not None and agent.cwd and not agent.cwd.is_dir() and not self.working:
            self._end()  # most programs can't do much in a directory that is gone
        elif agent is not None and agent.alive:
            return agent
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start(cwd))
            self._starting.add_done_callback(lambda _: setattr(self, "_starting", None))
        return await asyncio.shield(self._starting)

    @contextmanager
    def opening(self, params: Message, party: Party) -> Iterator[None]:
        """Meanwhile what the agent asks because of a request with these parameters is for it."""
        self._opening.append((params, party))
        try:
            yield
        finally:
            self._opening.remove((params, party))

    def remember(self, agent_session: str, conversation: Party) -> None:
        """Updates of this agent session belong to that conversation."""
        self._conversations[agent_session] = conversation

    def forget(self, agent_session: str) -> None:
        """They belong to nobody any more."""
        self._conversations.pop(agent_session, None)

    async def left(self, conversation: Party) -> None:
        """A conversation was closed; an agent that nobody uses falls asleep after a while."""
        self.rest()

    def rest(self) -> None:
        """Put the agent to sleep after a while, if its sessions can come back."""
        agent = self._process
        if agent is None or self._config.sleep_s <= 0:
            return
        if self._conversations and not (agent.can("load") or agent.can("resume")):
            return
        if self._sleep is not None:
            self._sleep.cancel()
        self._sleep = asyncio.get_running_loop().call_later(self._config.sleep_s, self._fall_asleep)

    def note_turn(self, agent_session: str, turn: int) -> None:
        """The last turn that ran in an agent session, so that a fork knows where it stands."""
        self._last_turns[agent_session] = turn
        self.rest()

    def note_models(self, offered: list[AgentChoice]) -> None:
        """The models that the agent named in a session."""
        if self._parent is not None:
            self._parent.note_models(offered)
        self._models = [ModelInfo(m["value"], m["name"]) for m in offered]

    @property
    def lists_by_folder(self) -> bool:
        """Whether the agent lists only the sessions of a directory that it is told."""
        return self.known is not None and self.known.lists_by_folder

    async def listed(self, cwd: Path | None = None) -> list[AgentSession]:
        """The sessions that the agent has on disk.

        Raises BackendError, and UsageError for an agent that lists none.
        """
        agent = await self.process()
        if not agent.can("list"):
            raise UsageError(f"{self.title} does not list its sessions.")
        found: list[AgentSession] = []
        asked: Message = {"cwd": str(cwd)} if cwd is not None else {}
        for _ in range(_PAGES):
            page = await agent.request("session/list", asked)
            for each in page.get("sessions") or []:
                found.append(
                    {
                        "id": str(each.get("sessionId", "")),
                        "cwd": str(each.get("cwd") or ""),
                        "title": str(each.get("title") or ""),
                        "updated": str(each.get("updatedAt") or ""),
                    }
                )
            if not page.get("nextCursor"):
                break
            asked = {**asked, "cursor": page["nextCursor"]}
        return found

    async def delete(self, agent_session: str) -> None:
        """Let the agent delete a session that it has on disk.

        Raises BackendError, and UsageError for an agent that deletes none.
        """
        agent = await self.process()
        if not agent.can("delete"):
            raise UsageError(f"{self.title} deletes no sessions.")
        if agent_session in self._conversations:
            raise UsageError("A session of the deck is that session.", "Delete it there.")
        await agent.request("session/delete", {"sessionId": agent_session})

    def at_its_end(self, agent_session: str, state: AgentState) -> bool:
        """Whether the agent's session has not gone on since `state` was recorded."""
        return self._last_turns.get(agent_session) == state.get("turn") is not None

    async def changed_servers(self, agent: AgentProcess, agent_session: str) -> bool:
        """Have an agent that keeps an open session's MCP servers take those that it is told next.

        Some let go of them with the session; of any other the process ends. False if it would
        have to end and can't: turns run in it.
        """
        keeps = self.known.keeps_servers if self.known is not None else "process"
        if not keeps:
            return True
        if keeps == "session" and agent.can("close"):
            with contextlib.suppress(BackendError):
                await agent.request("session/close", {"sessionId": agent_session})
                return True
        if self.working:
            return False
        if agent is self._process:
            self._end()
        return True

    @property
    def remote(self) -> bool:
        """Whether the agent is started by another program: its files are not this machine's."""
        return is_remote(self._config.command)

    def directory(self, cwd: Path) -> Path:
        """A session's working directory as the agent knows it."""
        return Path(self._config.directory) if self._config.directory else cwd

    def guard(self, host: TurnHost) -> Guard:
        """The borders of a session's workspace; on another machine they go by the names alone."""
        from sessions.paths import places
        from sessions.tools.toolbox import Toolbox

        if isinstance(host.tools, Toolbox) and not self.remote:
            return host.tools.state.guard
        return Guard(self.directory(host.cwd), host.files, places())

    def gave_up(self, agent: AgentProcess, agent_session: str) -> None:
        """A turn of a session does not end: end its agent, if no other session needs it now."""
        self.forget(agent_session)
        if agent is self._process and not self.working:
            log.warning("agent %s did not stop its turn; it is ended", self.name)
            self._end()

    @property
    def working(self) -> bool:
        """Whether a turn runs in any of its sessions."""
        own = any(c.working for c in self._conversations.values())
        return own or any(child.working for child in self._children)

    @property
    def _children(self) -> list[AcpBackend]:
        return [*self._folders.values(), *self._serving.values()]

    @property
    def _all(self) -> list[AcpBackend]:
        return [self, *self._children]

    def restart(self) -> bool:
        """End the agent, so that the next turn starts it anew (after a sign-in, say).

        False if a turn runs; then nothing is done.
        """
        if self.working:
            return False
        for each in self._all:
            each._end()
        return True

    async def sign_in_ways(self) -> list[SignIn]:
        """How one can sign in to the agent; it is started to be asked. Raises BackendError."""
        info = (await self.process()).info
        return ways(info, self._config.command, self.known)

    def key_way(self, agent: AgentProcess) -> str:
        """The sign-in method that needs only a key which the agent has been given, or ""."""
        known, offered = self.known, agent.info.get("authMethods")
        env = self._env()
        if known is None or not any(env.get(key) for key in known.keys if key.endswith("_KEY")):
            return ""
        there = [m.get("id") for m in offered or () if isinstance(m, dict)]
        return next((way for way in known.key_ways if way in there), "")

    async def authenticate(self, method: str) -> None:
        """Let the agent sign in by one of its own methods. Raises BackendError."""
        agent = await self.process()
        async with asyncio.timeout(SIGN_IN_S):
            await agent.request("authenticate", {"methodId": method}, None)

    def skills_meta(self) -> Message:
        """What a session is opened with so that the agent reads no skills by itself."""
        return own_skills.meta(self.known.name, self._skills_off) if self.known else {}

    def own_skills(self, skills: Sequence[tuple[str, Path]], cwd: Path) -> frozenset[str]:
        """The names of those that the agent reads by itself, whatever their state is."""
        if self.known is None or self.remote:
            return frozenset()
        running = self._process is not None and self._process.alive
        off = self._skills_off if running else None
        return own_skills.read_by(self.known.name, off, skills, cwd)

    # -- the process

    async def _start(self, cwd: Path | None) -> AgentProcess:
        if self._closing is not None:
            await asyncio.wait([self._closing])
        if self._process is not None:
            await self._process.close()
        env = self._env()
        if self.known is not None and not self.remote:
            if self.known.name in own_skills.BY_NAME:
                self._skills_off = await asyncio.to_thread(self._config.skills, cwd)
            env = await asyncio.to_thread(
                own_skills.switched_off, self.known.name, env, self._skills_off, self._config.state
            )
        self._process = await AgentProcess.start(
            self.name,
            [*carried(self._config.command, self.known), *await self._told_servers()],
            env,
            stderr=self._config.state / f"agent-{self._config.log_name or self.name}.stderr",
            pids=self._config.state / "agents",
            on_update=self._updated,
            on_fault=self._faulty,
            on_request=self._requested,
            client_capabilities={**(NO_CAPABILITIES if self.remote else CAPABILITIES), **_ALWAYS},
            cwd=cwd or Path(env.get("HOME") or "/"),  # asked for no session: not in our folder
        )
        await providers.tell(self._process, self._config.providers)
        return self._process

    async def _told_servers(self) -> list[str]:
        """The words that tell the agent of its MCP servers: their keys stand in a file of ours."""
        name, text = self._servers_file
        if not name or self.known is None:
            return []
        path = self._config.state / name
        await asyncio.to_thread(private_files.write, path, text, synced=False)
        return [self.known.mcp_option, f"@{path}"]

    def _fall_asleep(self) -> None:
        self._sleep = None
        if self.working:
            self.rest()
            return
        log.info("agent %s has not been used for a while; it sleeps", self.name)
        self._end()

    def _end(self) -> None:
        """End the process without waiting for it; the next one starts after that."""
        agent, self._process = self._process, None
        if agent is not None:
            agent.alive = False
            self._closing = asyncio.ensure_future(agent.close())

    def _env(self) -> dict[str, str]:
        wanted = [*COMMON_ENV, *(self.known.keys if self.known else ())]
        env = {key: os.environ[key] for key in wanted if key in os.environ}
        if self.known:
            env |= self.known.env()
        return env | dict(self._config.env)

    def _updated(self, agent_session: str, update: Message) -> None:
        conversation = self._conversations.get(agent_session)
        if conversation is not None:
            conversation.on_update(update)

    def _faulty(self, agent_session: str, words: str) -> None:
        """Something that the agent sent was lost: those whom it concerns are told."""
        conversation = self._conversations.get(agent_session)
        for each in [conversation] if conversation else list(self._conversations.values()):
            if each.working:
                each.on_fault(f"The agent {self.name} {words}.")

    def _asker(self, number: Any) -> Party | None:
        """Whose request it is because of which the agent asks (an `elicitation/create`)."""
        sent = self._process.asked(number) if self._process is not None else None
        if not isinstance(sent, dict):
            return None
        known = self._conversations.get(str(sent.get("sessionId", "")))
        return known or next((party for params, party in self._opening if params is sent), None)

    async def _requested(self, method: str, params: Message) -> Any:
        conversation = self._conversations.get(str(params.get("sessionId", "")))
        if conversation is None and method == elicitation.CREATE:
            conversation = self._asker(params.get("requestId"))
        if conversation is not None:
            return await conversation.on_request(method, params)
        if method == "session/request_permission":
            return {"outcome": {"outcome": "cancelled"}}
        return elicitation.CANCEL if method == elicitation.CREATE else NotImplemented
