"""Actions on sessions that are agents: their own options, signing in, going on with an import."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.actions import action
from tui.commands.sessions import GROUP, has_session

if TYPE_CHECKING:
    from tui.deck.action_interfaces import GoesOn, SessionInHand, Talks, WritesInComposer


def is_agent(deck: SessionInHand) -> bool:
    """The current session is driven over the Agent Client Protocol, and has had a turn."""
    summary = deck.model.summary()
    return has_session(deck) and summary is not None and "starting" in summary.agent


def has_commands(deck: SessionInHand) -> bool:
    """Its agent has told of commands of its own."""
    summary = deck.model.summary()
    return is_agent(deck) and summary is not None and bool(summary.agent.get("commands"))


def is_import(deck: SessionInHand) -> bool:
    """The current session is a conversation of another harness."""
    summary = deck.model.summary()
    return has_session(deck) and summary is not None and bool(summary.source)


@action("agent_options", "Options of this agent", group=GROUP, when=is_agent)
async def agent_options(deck: Talks) -> None:
    """Choose the agent's own mode, model, effort and whatever else it offers."""
    from tui.screens.agents import pick_option

    session = deck.model.current
    if session is None:
        return
    options = await deck.client.call("agent.options", session=session)
    if not options:
        deck.say("The agent has not named any options yet; it does with its first turn.")
        return
    chosen = await pick_option(deck, options)
    if chosen is not None:
        option, value = chosen
        await deck.client.call("agent.choose", session=session, option=option, value=value)


@action("agent_commands", "Commands of this agent", group=GROUP, when=has_commands)
async def agent_commands(deck: WritesInComposer) -> None:
    """Put one of the agent's own slash commands into the composer."""
    from tui.screens.agents import pick_command

    summary = deck.model.summary()
    if summary is None:
        return
    name = await pick_command(deck, summary.agent["commands"])
    if name:
        deck.composer.insert(f"/{name} ", (0, 0))  # it is one only where it begins the message
        deck.composer.focus()


@action("sign_in", "Sign in to this agent", group=GROUP, when=is_agent)
async def sign_in(deck: Talks) -> None:
    """Sign in as the agent offers it: in the browser, or by its own login in this terminal."""
    from tui.screens.agents import sign_in_to

    summary = deck.model.summary()
    if summary is not None:
        await sign_in_to(deck, summary.backend)


@action("continue", "Go on with an imported session", group=GROUP, when=is_import)
async def go_on(deck: GoesOn) -> None:
    """A live session from it: with the agent that had it where that is here, else another."""
    from tui.screens.agents import go_on_with

    summary = deck.model.summary()
    if summary is not None:
        await go_on_with(deck, summary)
