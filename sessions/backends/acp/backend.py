"""The backend `acp`: one agent process, shared by the sessions that use it.

Sharing is measured: four OpenCode sessions in one process take 1 GB, in four 2 to 3 GB. A
process that nobody has used for a while is put to sleep if its sessions can be loaded again.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessions import events as ev
from sessions.backends.acp.agents import (
    ASKING_MODES,
    COMMON_ENV,
    KnownAgent,
    known_by_command,
)
from sessions.backends.acp.conversation import AcpConversation
from sessions.backends.acp.process import AgentProcess, load_protocol
from sessions.backends.acp.transport import Message
from sessions.backends.base import Capabilities, ModelInfo, Question, Reply
from sessions.errors import BackendError

log = logging.getLogger("agentdeck.acp")

SLEEP_S = 1800.0
_CLIENT: Message = {"fs": {"readTextFile": False, "writeTextFile": False}, "terminal": False}
SetMode = Callable[[AgentProcess, str, str], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What a configured agent is started with."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    model: str = ""
    state: Path = field(default_factory=Path)
    """Where its stderr and the list of running agents are kept."""
    sleep_s: float = SLEEP_S


class AcpBackend:
    """An agent as a backend (see sessions.backends.base.Backend)."""

    type = "acp"

    def __init__(self, config: AgentConfig) -> None:
        self.name = config.name
        self.default_model = config.model
        self.known: KnownAgent | None = known_by_command(list(config.command))
        self._config = config
        self._process: AgentProcess | None = None
        self._starting: asyncio.Task[AgentProcess] | None = None
        self._conversations: dict[str, AcpConversation] = {}
        self._last_turns: dict[str, int] = {}
        self._sleep: asyncio.TimerHandle | None = None
        self._loading: asyncio.Future[None] | None = None

    @property
    def title(self) -> str:
        """The agent's own name where it is known, else the configured one."""
        return self.known.title if self.known else self.name

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        agent = self._process
        prompt = agent.capabilities.get("promptCapabilities", {}) if agent else {}
        return Capabilities(
            images=bool(prompt.get("image")) if agent else True,
            thinking=True,
            steer=False,
            models=False,
            own_tools=True,
            note=f"{self.title}: an agent with its own tools.",
            reasons={
                "steer": "The protocol has no way to speak into a running turn; it is queued.",
                "models": "The agent chooses its models; set one in its own configuration.",
            },
        )

    @property
    def cost_is_real(self) -> bool:
        """Agents invent a cost for servers that are not their vendor's; then it is not shown."""
        return not any(
            key.endswith("BASE_URL") and self._env().get(key)
            for key in ("ANTHROPIC_BASE_URL", "GOOGLE_GEMINI_BASE_URL", "OPENAI_BASE_URL")
        )

    def prepare(self) -> None:
        """Load the protocol's package while the first message is typed; no agent is started."""
        if self._loading is None:
            self._loading = asyncio.ensure_future(asyncio.to_thread(load_protocol))

    async def open(self, session_id: str, cwd: Path, state: ev.JSON) -> AcpConversation:
        """A conversation; the agent is started at its first turn."""
        return AcpConversation(self, session_id, cwd, state)

    async def models(self) -> list[ModelInfo]:
        """The configured model; an agent tells its own only inside a session."""
        return [ModelInfo(self.default_model)] if self.default_model else []

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one question in a session of its own, in which every tool is refused."""
        from sessions.backends.acp.question import ask

        return await ask(await self.process(), question, self, on_text)

    async def close(self) -> None:
        """End the agent."""
        if self._sleep is not None:
            self._sleep.cancel()
        if self._process is not None:
            await self._process.close()
            self._process = None

    # -- for conversations

    async def process(self) -> AgentProcess:
        """The running agent; started, restarted or woken if need be."""
        if self._sleep is not None:
            self._sleep.cancel()
            self._sleep = None
        if self._process is not None and self._process.alive:
            return self._process
        if self._starting is None:
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(lambda _: setattr(self, "_starting", None))
        return await asyncio.shield(self._starting)

    def remember(self, agent_session: str, conversation: AcpConversation) -> None:
        """Updates of this agent session belong to that conversation."""
        self._conversations[agent_session] = conversation

    def forget(self, agent_session: str) -> None:
        """They belong to nobody any more."""
        self._conversations.pop(agent_session, None)

    async def left(self, conversation: AcpConversation) -> None:
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

    def at_its_end(self, agent_session: str, state: ev.JSON) -> bool:
        """Whether the agent's session has not gone on since `state` was recorded."""
        return self._last_turns.get(agent_session) == state.get("turn") is not None

    def mcp_servers(self) -> list[Message]:
        """MCP servers for the agent's session."""
        return []

    def asking_mode(self, state: ev.JSON) -> tuple[str, str, SetMode]:
        """The mode in which the agent asks, the one it is in, and how to set it."""
        option = self.config_option(state, "mode")
        modes = state.get("modes") or {}
        if modes.get("availableModes"):
            offered = [str(m.get("id")) for m in modes["availableModes"]]
            current = str(modes.get("currentModeId", ""))
            return self._wanted(offered), current, _set_mode
        if option:
            offered = [str(o.get("value")) for o in _options(option)]
            return self._wanted(offered), str(option.get("currentValue", "")), _set_mode_option
        return "", "", _set_mode

    def config_option(self, state: ev.JSON, category: str) -> Message | None:
        """The agent's configuration option of a category (`mode`, `model`, …)."""
        for option in state.get("config_options") or []:
            if isinstance(option, dict) and category in (option.get("category"), option.get("id")):
                return option
        return None

    def _wanted(self, offered: list[str]) -> str:
        if self.known and self.known.ask_mode in offered:
            return self.known.ask_mode
        if self.known and not self.known.ask_mode:
            return ""  # its configuration makes it ask (see agents.py)
        return next((mode for mode in ASKING_MODES if mode in offered), "")

    # -- the process

    async def _start(self) -> AgentProcess:
        if self._process is not None:
            await self._process.close()
        self._process = await AgentProcess.start(
            self.name,
            list(self._config.command),
            self._env(),
            stderr=self._config.state / f"agent-{self.name}.stderr",
            pids=self._config.state / "agents",
            on_update=self._updated,
            on_request=self._requested,
            client_capabilities=_CLIENT,
        )
        return self._process

    def _fall_asleep(self) -> None:
        agent, self._process = self._process, None
        self._sleep = None
        if agent is not None:
            log.info("agent %s has not been used for a while; it sleeps", self.name)
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

    async def _requested(self, method: str, params: Message) -> Any:
        conversation = self._conversations.get(str(params.get("sessionId", "")))
        if method == "session/request_permission" and conversation is not None:
            return await conversation.on_permission(params)
        if method == "session/request_permission":
            return {"outcome": {"outcome": "cancelled"}}
        return NotImplemented


async def _set_mode(agent: AgentProcess, agent_session: str, mode: str) -> None:
    await agent.request("session/set_mode", {"sessionId": agent_session, "modeId": mode})


async def _set_mode_option(agent: AgentProcess, agent_session: str, mode: str) -> None:
    answer = await agent.request(
        "session/set_config_option",
        {"sessionId": agent_session, "configId": "mode", "value": mode},
    )
    for option in answer.get("configOptions") or []:
        if option.get("id") == "mode" and option.get("currentValue") != mode:
            raise BackendError(
                f"The agent stays in mode {option.get('currentValue')} and would act unasked.",
                "It was not prompted. Change its own configuration so that it asks.",
                kind="agent_mode",
            )


def _options(option: Message) -> list[Message]:
    found: list[Message] = []
    for entry in option.get("options") or []:
        found.extend(entry.get("options") or [entry])
    return found
