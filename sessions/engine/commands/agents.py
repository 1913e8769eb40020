"""Commands of sessions and backends that are agents: their options, sign-in, continuing."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, cast

from sessions.api.agents import (
    AgentProvider,
    AgentSession,
    Restarted,
    SignInWay,
    options_in,
)
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import UsageError
from sessions.record import events as ev
from sessions.record.summary import SessionSummary
from sessions.record.summary_parts import AgentOption, AgentState

if TYPE_CHECKING:
    from sessions.backends.acp.backend import AcpBackend


def _agent(deck: Deck, name: str) -> AcpBackend:
    from sessions.backends.acp.backend import AcpBackend

    backend = deck.backend(name)
    if not isinstance(backend, AcpBackend):
        raise UsageError(f"{name} is no agent.", "Agents alone sign in and have their own options.")
    return backend


@command("agent.options")
async def options(deck: Deck, session: str) -> list[AgentOption]:
    """What the session's agent lets its user choose, as it was told last."""
    summary = (await deck.get(session)).summary
    _agent(deck, summary.backend)
    return options_in(summary.agent)


@command("agent.choose")
async def choose(deck: Deck, session: str, option: str, value: str) -> list[AgentOption]:
    """Set one of the agent's own options, now or when it wakes; all of them, as they are then."""
    from sessions.backends.acp.conversation import AcpConversation
    from sessions.backends.acp.process_per_servers import ServedConversation

    target = await deck.get(session)
    _agent(deck, target.summary.backend)
    told = options_in(target.summary.agent)
    known = next((o for o in told if o["id"] == option), None)
    if known is None or value not in [choice["value"] for choice in known["choices"]]:
        raise UsageError(f"The agent has no {option} {value}.", "See its options again.")
    conversation = target.conversation
    is_model = known["category"] == "model" or option == "model"
    if is_model:
        # The session's own place for it: kept, shown and forked like any session's model.
        await target.recorder.emit_synced(ev.SessionSet(model=value))
    if isinstance(conversation, AcpConversation | ServedConversation):
        state: AgentState = await conversation.choose(option, value)
    else:
        wanted = {**(target.summary.agent.get("wanted") or {}), option: value}
        listed: list[AgentOption] = [
            {**o, "current": value} if o["id"] == option else o for o in told
        ]
        state = {"options": listed} if is_model else {"options": listed, "wanted": wanted}
    await target.recorder.emit_synced(ev.BackendState(data=state))
    return options_in(target.summary.agent)


@command("agent.sign_in")
async def sign_in(deck: Deck, backend: str) -> list[SignInWay]:
    """Ways to sign in, best first."""
    return [cast("SignInWay", asdict(way)) for way in await _agent(deck, backend).sign_in_ways()]


@command("agent.authenticate")
async def authenticate(deck: Deck, backend: str, method: str) -> None:
    """Let the agent sign in by its own method; returns when it has."""
    await _agent(deck, backend).authenticate(method)


@command("agent.restart")
async def restart(deck: Deck, backend: str) -> Restarted:
    """Start the agent anew at its next turn; not while a turn runs."""
    return {"restarted": _agent(deck, backend).restart()}


@command("agent.sessions")
async def sessions(deck: Deck, backend: str, cwd: str = "", near: str = "") -> list[AgentSession]:
    """The sessions that an agent has on disk.

    Of an agent that lists by directory, those of `near` and of where the deck's sessions work.
    """
    agent = _agent(deck, backend)
    if cwd or not agent.lists_by_folder:
        return await agent.listed(Path(cwd) if cwd else None)
    known = await deck.all_summaries()
    folders = {s.cwd for s in known if s.backend == backend} | ({near} if near else set())
    return [each for folder in sorted(folders) for each in await agent.listed(Path(folder))]


@command("agent.delete")
async def delete(deck: Deck, backend: str, agent_session: str) -> None:
    """Let an agent delete a session that it has on disk."""
    await _agent(deck, backend).delete(agent_session)


@command("agent.providers")
async def providers(deck: Deck, backend: str) -> list[AgentProvider]:
    """Where an agent sends its requests; no header is told."""
    from sessions.backends.acp.providers import listed

    return await listed(await _agent(deck, backend).process())


@command("session.continue")
async def continue_(deck: Deck, session: str, backend: str = "", cwd: str = "") -> SessionSummary:
    """A live session that goes on from an imported one; its summary."""
    from sessions.features.resume_import import go_on

    return (await go_on(deck, await deck.get(session), backend, cwd)).summary.to_json()
