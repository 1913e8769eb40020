"""One session with an agent: its session id there, its turns, its permission requests."""

from __future__ import annotations

import asyncio
import contextlib
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sessions.backends.acp import opening, prompt, subagents
from sessions.backends.acp.agent_requests import Answering
from sessions.backends.acp.content import terminals_of
from sessions.backends.acp.ending import Ending
from sessions.backends.acp.images import kept
from sessions.backends.acp.options import Options
from sessions.backends.acp.process import AgentProcess
from sessions.backends.acp.steering import DELIVERED, Steering
from sessions.backends.acp.transport import Message
from sessions.backends.acp.updates import STATES, Translator
from sessions.backends.acp.workspace import Workspace
from sessions.backends.base import TurnHost
from sessions.errors import BackendError
from sessions.record import events as ev
from sessions.record.summary_parts import AgentState

if TYPE_CHECKING:
    from sessions.backends.acp.port import Port

_CANCEL_S = 5.0
_FORGOT = "The agent could not open this conversation again."
_TOO_SOON = "{title} loses a conversation that is opened again within the minute of its beginning."
_KEPT = (
    "{title} keeps the MCP servers that it opened this session with until it is started again, "
    "and other sessions work in it now. Switch them once more when none does."
)
_now = time.time
_REPLAY_S = 0.2
_MOST_REPLAY_S = 10.0
_QUIET_S = 12.0
"""How long an agent says nothing before it is said that it waits for its server."""
_SAYS_NOTHING = STATES | {"user_message_chunk"}
"""Updates of an agent whose server may not be there: its commands, its title, what it was told."""
_TOLD = "It is told of it as text, and goes on from there in a conversation of its own."


class AcpConversation:
    """A session's side of an agent."""

    def __init__(self, backend: Port, session_id: str, cwd: Path, state: AgentState) -> None:
        self.session_id = session_id
        self.agent_session = ""
        self.options = Options(backend.known)
        self._backend = backend
        self._there = backend.directory(cwd)
        self._state = state.copy()
        self._agent: AgentProcess | None = None
        self._host: TurnHost | None = None
        self._translator: Translator | None = None
        empty = backend.known is not None and backend.known.missing_is_empty
        self._workspace = Workspace(far=backend.remote, missing_is_empty=empty)
        self._servers: list[Message] = []
        self._early: list[Message] = []
        self._last: TurnHost | None = None
        """Of the last turn, for what the agent says after it."""
        self._loading = False
        self._noticed: set[str] = set()
        """What the agent has said beside its answers."""
        self._quiet = ""
        self._updates = 0
        """Counts what the agent has sent, to know when it is silent."""
        self._said = 0
        """Counts those that are more than how things are, to know when it waits for its server."""
        self._children = subagents.Children(
            self, backend, self._stop_child, self._workspace.terminals.printed
        )
        self._watch: asyncio.Future[None] | None = None
        self._stopping: asyncio.Future[None] | None = None
        self._answering = Answering(backend, self._there, self._workspace)
        self._ending = Ending(backend, self._state)

    # -- the seam

    async def turn(self, host: TurnHost) -> ev.TurnEnded:
        """Run one turn (see sessions.backends.base.Conversation)."""
        known = self._backend.known
        translator = Translator(
            host.turn,
            self._workspace.terminals.printed,
            partial(kept, host.files),
            says_beside=known is not None and known.says_beside,
        )
        self._answering.begin(host, translator, self._drains)
        try:
            preface = await self._ready(host)
        except BaseException:
            self._answering.end()
            raise
        self._host = self._last = host
        self._translator = translator
        self._workspace.begin(host, self._translator)
        self._children.begin(host, self._translator)
        for update in self._early:
            self.on_update(update)
        self._early.clear()
        whole = False
        try:
            ended = await self._prompt(host, preface)
            whole = True
            return ended
        finally:
            self._told_quiet("")
            self._children.end(interrupted=not whole)
            self._host = self._translator = None
            self._workspace.end(interrupted=not whole)
            self._answering.end()
            self._watch_children()
            self._backend.rest()

    def steered(self) -> None:
        """A message waits that is to go into the running turn."""
        if self._answering.steering is not None:
            self._answering.steering.wake()

    async def choose(self, option: str, value: str) -> AgentState:
        """Set one of the agent's own options (its mode, model, effort, …) now, if it runs.

        What `backend.state` is then to say; applied again whenever the session is entered.
        Raises BackendError when the agent refuses.
        """
        agent = self._agent
        if agent is not None and agent.alive and self.agent_session:
            await self.options.set(agent, self.agent_session, option, value)
        if not self.options.is_model(option):
            self.options.wanted[option] = value
        self._state |= self.options.state()
        return self.options.state()

    async def close(self) -> None:
        """Let go of the agent's session; the agent itself is the backend's."""
        agent, self._agent, self._last = self._agent, None, None
        if self._watch is not None:
            self._watch.cancel()
        self._children.forget()
        self._answering.forget()
        await self._workspace.terminals.close()
        if agent is not None and agent.alive and self.agent_session:
            self._backend.forget(self.agent_session)
            if agent.can("close"):
                with contextlib.suppress(BackendError, TimeoutError):
                    async with asyncio.timeout(_CANCEL_S):
                        await agent.request("session/close", {"sessionId": self.agent_session})
        await self._backend.left(self)

    # -- what the agent sends

    @property
    def working(self) -> bool:
        """Whether a turn runs."""
        return self._host is not None

    @property
    def state(self) -> AgentState:
        """What another conversation needs to go on with this one."""
        return self._state.copy()

    def on_update(self, update: Message) -> None:
        """Take one session/update in. Nothing here waits, so the order is kept."""
        self._updates += 1
        if update.get("sessionUpdate") not in _SAYS_NOTHING:
            self._said += 1
            self._told_quiet("")
        if self._loading and update.get("sessionUpdate") not in STATES:
            return  # the past, told again: the journal has it
        if update.get("sessionUpdate") in subagents.UPDATES:
            self._children.take(update)
            return
        if self._host is None or self._translator is None:
            if self._last is not None and update.get("sessionUpdate") == "session_info_update":
                for event in Translator(self._last.turn).events(update):
                    self._last.emit(event)  # agents find a title once they have answered
                return
            if update.get("sessionUpdate") == "current_mode_update":
                self.options.take({"mode": update.get("currentModeId")})
            elif len(self._early) < 100:
                self._early.append(update)
            return
        if update.get("sessionUpdate") in DELIVERED and self._answering.steering is not None:
            self._answering.steering.delivered(update.get("messageId"))
        for event in self._translator.events(update):
            self._tell(self._host, event)
        if update.get("sessionUpdate") in ("tool_call", "tool_call_update"):
            self._workspace.embedded(str(update.get("toolCallId", "")), terminals_of(update))

    def _tell(self, host: TurnHost, event: ev.Event) -> None:
        """Record what an update means; a notice once, since some say the same in every turn."""
        if isinstance(event, ev.Notice):
            if event.message in self._noticed:
                return
            self._noticed.add(event.message)
        host.emit(self._choices_told(event) if isinstance(event, ev.BackendState) else event)

    def _told_quiet(self, title: str) -> None:
        """Say that the agent waits for its server, or "" that it does no more."""
        if self._quiet != title and self._host is not None:
            self._quiet = title
            self._host.emit(ev.BackendState(data={"quiet": title}))

    def on_fault(self, words: str) -> None:
        """Something of what the agent sent was lost: it stands in the session, in words."""
        if self._host is not None:
            self._host.emit(ev.Error(turn=self._host.turn, kind="agent", message=words))

    def _choices_told(self, event: ev.BackendState) -> ev.BackendState:
        """News of the agent's own mode and options, as a person chooses among them."""
        data = event.data.copy()
        if not {"mode", "config_options"} & data.keys():
            return event
        went = self.options.went(self._backend.title, data)
        if went and self._host is not None:
            notice = ev.Notice(turn=self._host.turn, kind="agent_mode", message=went)
            self._host.emit(notice)
        data.pop("config_options", None)
        return ev.BackendState(data={**data, "options": self.options.listed()})

    async def on_request(self, method: str, params: Message) -> Any:
        """Answer a request of the agent; NotImplemented for an unknown one.

        Raises acp.exceptions.RequestError.
        """
        return await self._answering.request(method, params)

    def _watch_children(self) -> None:
        """Sub-agents that work on behind the turn end with their agent, whenever that does."""
        agent = self._agent
        if agent is None or not agent.alive:
            self._children.forget()
        elif self._children.working and (self._watch is None or self._watch.done()):
            self._watch = asyncio.ensure_future(agent.wait_ended())
            self._watch.add_done_callback(lambda _: self._children.forget())

    def _stop_child(self, session: str) -> None:
        """End what a sub-agent does, and nothing else."""
        if self._agent is not None and self._agent.alive:
            asked = self._agent.notify("session/cancel", {"sessionId": session})
            self._stopping = asyncio.ensure_future(asked)

    def _drains(self) -> None:
        """The agent asks for what waits for its turn, so that something can be put into it."""
        if self._host is not None and self._agent is not None:
            self._host.emit(ev.BackendState(data={"reasons": self._reasons(self._agent)}))

    # -- making ready

    async def _ready(self, host: TurnHost) -> str:
        """Have a running agent and a session in it; what it must be told of the past, or ""."""
        if self._agent is None or not self._agent.alive or not self.agent_session:
            # It takes seconds; whoever looks is told what it is that works.
            host.emit(ev.BackendState(data={"starting": self._backend.title}))
        agent = await self._backend.process(host.cwd)
        servers = self._backend.servers.with_session(agent, host.settings.mcp)
        if agent is self._agent and self.agent_session:
            if servers == self._servers:
                permission = host.settings.permission
                await self.options.follow(agent, self.agent_session, permission)
                return ""
            if await self._backend.changed_servers(agent, self.agent_session):
                agent = await self._backend.process(host.cwd)
            else:
                said = _KEPT.format(title=self._backend.title)
                host.emit(ev.Notice(turn=host.turn, kind="agent", message=said))
        for server in host.settings.mcp:
            if why := self._backend.servers.unusable(agent, server):
                said = f"The MCP server {server.get('name')} is not used here: {why}."
                host.emit(ev.Error(turn=host.turn, kind="mcp", message=said))
        if self._agent is not agent:
            self._children.forget()
            await self._workspace.terminals.close()
        self._agent, self._servers = agent, servers
        try:
            preface = await self._enter(agent, host)
        except BackendError as error:
            if error.kind == "agent_hangs":
                self._backend.gave_up(agent, self.agent_session)
            raise
        self._backend.remember(self.agent_session, self)
        settings = host.settings
        await self.options.apply(agent, self.agent_session, settings.model, settings.permission)
        held = self.options.held(self._backend.title)
        if held and held != self._state.get("held"):
            self._state["held"] = held
            host.emit(ev.Notice(turn=host.turn, kind="agent_mode", message=held))
            host.emit(ev.BackendState(data={"held": held}))
        self._backend.note_models(self.options.models())
        host.emit(
            ev.BackendState(
                data={
                    "session_id": self.agent_session,
                    "owner": self.session_id,
                    "starting": "",
                    "agent": agent.info.get("agentInfo") or {"name": self._backend.name},
                    "can": agent.abilities(),
                    "reasons": self._reasons(agent),
                    **self.options.state(),
                }
            )
        )
        return preface

    def _reasons(self, agent: AgentProcess) -> dict[str, str]:
        steers = agent.steers or self._answering.drains
        return self.options.reasons(self._backend.title, steers=steers)

    async def _enter(self, agent: AgentProcess, host: TurnHost) -> str:
        theirs = str(self._state.get("session_id") or "")
        mine = self._state.get("owner") in (None, self.session_id)
        base = opening.params(agent, self._there, self._servers, host.settings)
        base |= self._backend.skills_meta()
        self.options.wanted |= self._state.get("wanted") or {}
        if theirs and self._undone(host):
            pass  # it remembers a turn that was taken back; another session of it does not
        elif theirs and mine:
            ways = () if self._too_soon() else ("resume", "load")
            for method in ways:
                if agent.can(method) and await self._return(agent, method, theirs, base):
                    return ""
            said = _FORGOT if ways else _TOO_SOON.format(title=self._backend.title)
            host.emit(ev.Error(turn=host.turn, kind="agent_past", message=said, hint=_TOLD))
        elif theirs and agent.can("fork") and self._backend.at_its_end(theirs, self._state):
            forked = await agent.request("session/fork", {**base, "sessionId": theirs})
            self._take(forked, str(forked.get("sessionId", "")))
            return ""
        made = await self._new(agent, base)
        self._state["made"] = _now()
        host.emit(ev.BackendState(data={"made": self._state["made"]}))
        self._take(made, str(made.get("sessionId", "")))
        return opening.preface(agent, host.settings, prompt.past(host))

    def _undone(self, host: TurnHost) -> bool:
        """Whether a turn that the agent's session has had was taken back since."""
        last = self._state.get("turn")
        return isinstance(last, int) and host.context.is_undone(last)

    async def _return(self, agent: AgentProcess, method: str, theirs: str, base: Message) -> bool:
        """Enter the agent's session again; its retelling of the past is not recorded twice."""
        self.agent_session = theirs
        self._backend.remember(theirs, self)
        self._loading = True
        try:
            answer = await agent.request(f"session/{method}", {**base, "sessionId": theirs})
            if method == "load":
                await self._silence()
        except BackendError as error:
            self._backend.forget(theirs)
            self.agent_session = ""
            if not agent.alive or error.kind in ("auth", "agent_hangs"):
                raise
            return False
        finally:
            self._loading = False
        self._take(answer, theirs)
        return True

    async def _silence(self) -> None:
        """Wait for the end of a past that is told on after the answer (Gemini CLI's mostly is)."""
        known = self._backend.known
        pause, before = known.late_replay_s if known else _REPLAY_S, -1
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_MOST_REPLAY_S):
                while before != self._updates:
                    before = self._updates
                    await asyncio.sleep(pause)

    def _too_soon(self) -> bool:
        """Whether loading its session now would lose the agent's own record of it."""
        known, made = self._backend.known, self._state.get("made")
        if known is None or not known.own_minute or not isinstance(made, int | float):
            return False
        return int(made // 60) == int(_now() // 60)

    async def _new(self, agent: AgentProcess, base: Message) -> Message:
        """A new session of the agent's; what it asks meanwhile is asked here."""
        with self._backend.opening(base, self):
            return await opening.opened(agent, base, self._backend)

    def _take(self, answer: Message, agent_session: str) -> None:
        if not agent_session:
            raise BackendError(f"The agent {self._backend.name} opened no session.", kind="agent")
        self.agent_session = agent_session
        self._ending.entered(again=agent_session == self._state.get("session_id"))
        self._state |= {"session_id": agent_session, "owner": self.session_id}
        self.options.opened(answer)

    # -- a turn

    async def _prompt(self, host: TurnHost, preface: str) -> ev.TurnEnded:
        assert self._agent is not None and self._translator is not None
        agent = self._agent
        blocks = prompt.blocks(host, preface, agent.takes)
        # From here on the agent's session has had this turn, however it ends.
        self._state["turn"] = host.turn
        host.emit(ev.BackendState(data={"turn": host.turn}))
        self._backend.note_turn(self.agent_session, host.turn)
        mark = agent.mark()
        params: Message = {"sessionId": self.agent_session, "prompt": blocks}
        asked = asyncio.ensure_future(agent.request("session/prompt", params, None))
        await asyncio.sleep(0)
        self._answering.prompted = partial(agent.waits, params)
        ended = asyncio.ensure_future(agent.wait_ended())
        steering = self._answering.steering = Steering(agent, self.agent_session, host)
        steering.wake()
        try:
            before = self._said
            await asyncio.wait(
                {asked, ended}, timeout=_QUIET_S, return_when=asyncio.FIRST_COMPLETED
            )
            if not asked.done() and not ended.done() and before == self._said:
                self._told_quiet(self._backend.title)
            await asyncio.wait({asked, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not asked.done():
                raise agent.fault("ended in the middle of the turn", mark)
            answer = asked.result()
            await steering.withdraw()
        except BackendError as error:
            # Its stdout may end a moment before the process itself does.
            if error.kind != "agent_ended":
                raise
            raise agent.fault("ended in the middle of the turn", mark) from error
        except asyncio.CancelledError:
            await self._cancel(agent, asked, steering)
            raise
        finally:
            steering.stop()
            self._answering.steering = None
            ended.cancel()
            asked.cancel()
        refused = self._answering.refused
        return self._ending.ended(host, answer, self._translator, refused=refused)

    async def _cancel(
        self, agent: AgentProcess, asked: asyncio.Future[Message], steering: Steering
    ) -> None:
        """Ask the agent to stop, and take in what it still says before it does."""
        self._answering.cancel()
        self._workspace.terminals.stop()
        withdrawn = steering.withdraw()
        await asyncio.sleep(0)  # what takes messages back is sent before what stops the turn
        await agent.notify("session/cancel", {"sessionId": self.agent_session})
        try:
            async with asyncio.timeout(_CANCEL_S):
                await asyncio.shield(asked)
                await withdrawn
        except BackendError:
            pass
        except TimeoutError:
            # It goes on with a turn that nobody wants any more; the next one shall not hear of it.
            self._backend.gave_up(agent, self.agent_session)
            self._children.forget()
            if agent.alive:
                self._state.pop("session_id", None)
            self.agent_session = ""
