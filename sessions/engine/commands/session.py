"""Commands of one session."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Unpack, cast

from sessions.api.answers import (
    Begun,
    CompactionCost,
    Handed,
    McpServerState,
    Restored,
    Sent,
    ShellEnded,
    TurnShown,
    Undone,
)
from sessions.api.requests import SessionEdits, SessionWishes
from sessions.archive.session_lookup import find
from sessions.engine.commands import command
from sessions.engine.whole_deck import WholeDeck as Deck
from sessions.errors import JournalError, NotFound, UsageError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.closed_sets import Origin, QueueMode
from sessions.record.reading import read_from
from sessions.record.summary import SessionSummary
from sessions.record.summary_parts import AttachedFile, Attachment, MessageWaiting
from sessions.runtime import budget as limit
from sessions.runtime.attachments import store, taken
from sessions.runtime.session import BY_USER, Session
from sessions.safety.sanitise import clean_line

_MOST_SENT = 2**18
"""Bytes of events that are told at once, and one event more."""


@command("session.create")
async def create(
    deck: Deck,
    mcp: list[str] | None = None,
    budget: str = "",
    host: str = "",
    bring: str = "",
    **args: Unpack[SessionWishes],
) -> SessionSummary:
    """Make a session, with these MCP servers switched on and this budget; its summary.

    `host`: the machine that it lives on, "" as the profile says. A profile is then one of there.
    `bring`: a directory of this machine whose repository goes there: the session works on a branch
    of its own that begins at `base`, in that directory.
    """
    if where := host or deck.config.host_of(args.get("profile", "")):
        if bring:
            made = await _brought(deck, where, bring, args)
            await _furnished(deck, made, mcp or (), budget)
            return made.summary.to_json()
        there = {"mcp": mcp, "budget": budget, **args}
        made = await deck.elsewhere.create(where, {k: v for k, v in there.items() if v})
        return made.summary.to_json()
    if bring:
        raise UsageError("The repository is here: there is no other machine to bring it to.")
    deck.features.mcp.check(mcp or ())
    own = limit.parse(budget)
    session = await deck.create(**args)
    if own:
        await session.set({"budget": own})
    await deck.features.mcp.switch(session, dict.fromkeys(mcp or (), True))
    return session.summary.to_json()


async def _brought(deck: Deck, host: str, directory: str, args: SessionWishes) -> Session:
    wishes = {k: v for k, v in args.items() if v and k not in ("cwd", "worktree", "base")}
    return await deck.features.carried.create(host, directory, args.get("base", ""), wishes)


async def _furnished(deck: Deck, session: Session, mcp: Sequence[str], budget: str) -> None:
    """What `work.begin` does not take."""
    there, changes = deck.elsewhere.on(session.summary.host), dict.fromkeys(mcp, True)
    if budget:
        await there.call("session.budget", session=session.id, text=budget)
    if mcp:
        await there.call("session.mcp", session=session.id, changes=changes)


@command("session.get")
async def get(deck: Deck, session: str) -> SessionSummary:
    """A session's summary; opens it if it is not in memory."""
    return (await deck.get(session)).summary.to_json()


@command("session.find")
async def find_(deck: Deck, wanted: str) -> SessionSummary:
    """The session that an id, its beginning, a title or `last` names."""
    return find(await deck.all_summaries(), wanted).to_json()


@command("session.since")
async def since(deck: Deck, session: str, seq: int) -> list[ev.JSON]:
    """Events after `seq` as they stand in the journal, so many as are good to send at once."""
    target = await deck.get(session)
    target.recorder.flush()
    try:
        return await asyncio.to_thread(_after, target.journal.path, seq)
    except JournalError as error:
        if target.journal.path.exists():
            raise
        raise NotFound(f"There is no session {target.id} any more.") from error


def _after(path: Path, seq: int) -> list[ev.JSON]:
    found, size = [], 0
    for event in read_from(path, seq + 1):
        found.append(codec.to_json(event))
        size += len(codec.encode(found[-1]))
        if size > _MOST_SENT:
            break
    return found


@command("session.send")
async def send(
    deck: Deck,
    session: str,
    text: str,
    origin: Origin = "typed",
    mode: QueueMode = "queue",
    attachments: list[AttachedFile] | None = None,
) -> Sent:
    """Begin a turn, or queue. What is attached is kept in the session by its hash."""
    target = await deck.get(session)
    kept = await asyncio.to_thread(taken, target.folder, attachments or [])
    return await target.send(text, origin, mode, kept)


@command("session.keep")
async def keep(deck: Deck, session: str, name: str, data: str) -> Attachment:
    """Keep a file (in base 64) in a session, to be attached; what stands for it in a message."""
    target = await deck.get(session)
    return await asyncio.to_thread(_keep, target.folder, name, data)


def _keep(folder: Path, name: str, data: str) -> Attachment:
    called = Path(name).name or "file"
    try:
        said = base64.b64decode(data, validate=True)
    except ValueError as error:
        raise UsageError(f"{clean_line(called)[:200]} is no base 64.") from error
    return store(folder, called[-100:], said)


@command("session.hand")
async def hand(deck: Deck, session: str, to: list[str], words: str = "") -> list[Handed]:
    """Send a session's last answer to sessions, new ones (`new`), tasks (`task:RUN:TASK`)."""
    return await deck.features.passing.hand(await deck.get(session), to, words)


@command("session.when_done")
async def when_done(
    deck: Deck, session: str, to: list[str], words: str = "", by: str = ""
) -> None:  # fmt: skip
    """The same once, when it is done; an empty `to`: not any more.

    `by`: another machine's engine that does so, since it knows to whom it goes.
    """
    await deck.features.passing.when_done(await deck.get(session), to, words, by)


@command("session.shell")
async def shell(deck: Deck, session: str, line: str) -> ShellEnded:
    """Run the user's own command in a session's directory, with the user's rights; its end."""
    ran = await deck.features.own_commands.run(await deck.get(session), line)
    return {"exit": ran.exit or 0, "seconds": ran.seconds}


@command("session.shell_stop")
async def shell_stop(deck: Deck, session: str) -> int:
    """End the user's own commands that run in a session; how many there were."""
    return deck.features.own_commands.end(await deck.get(session))


@command("session.interrupt")
async def interrupt(deck: Deck, session: str, why: str = BY_USER) -> None:
    """End the running turn."""
    await (await deck.get(session)).interrupt(why[:500])


@command("session.answer")
async def answer(
    deck: Deck,
    session: str,
    ask: str,
    decision: str,
    reason: str = "",
    allowed: bool | None = None,
    content: ev.JSON | None = None,
) -> None:
    """Answer a request by an option's id; `content`: what was entered into its form."""
    await (await deck.get(session)).answer(ask, decision, reason, allowed, content)


@command("session.queue")
async def queue(deck: Deck, session: str, items: list[MessageWaiting]) -> None:
    """Replace the queue. Attachments as in `session.send`."""
    target = await deck.get(session)
    await target.set_queue([await _with_files(target.folder, item) for item in items])


async def _with_files(folder: Path, item: MessageWaiting) -> MessageWaiting:
    """A message, what is attached to it kept. One without is not waited for: two changes of a
    queue that come at once stay in their order."""
    attached = item.get("attachments", [])
    if not any("file" in each for each in attached):
        return item
    kept = await asyncio.to_thread(taken, folder, attached)
    return {**item, "attachments": cast("list[AttachedFile]", kept)}


@command("session.next")
async def next_(deck: Deck, session: str, item: str = "") -> bool:
    """Send what waits next, or the queued message of that id; whether a turn began."""
    return await (await deck.get(session)).next(item)


@command("session.set")
async def change(deck: Deck, session: str, changes: SessionEdits) -> None:
    """Change what may be changed of a session."""
    await deck.change(await deck.get(session), {**changes})


@command("session.budget")
async def budget(deck: Deck, session: str, text: str) -> str:
    """Give a session a budget of its own ("" = the configuration's); how it is read.

    One that waits for more goes on where that is enough.
    """
    target = await deck.get(session)
    changes: ev.JSON = {"budget": limit.parse(text)}
    paused = target.summary.paused
    whole = limit.of_session(deck.config.limits, changes["budget"])
    if paused and limit.holds_back(paused) and not limit.exceeded(target.summary, whole):
        changes["paused"] = ""
    await target.set(changes)
    return limit.said(changes["budget"])


@command("session.seen")
async def seen(deck: Deck, session: str) -> None:
    """The user has looked at it."""
    (await deck.get(session)).seen()


@command("session.again")
async def again(deck: Deck, session: str, turn: int | None = None) -> Begun:
    """Ask a message once more."""
    return {"turn": await (await deck.get(session)).again(turn)}


@command("session.undo")
async def undo(deck: Deck, session: str, turn: int | None = None, files: bool = False) -> Undone:
    """Take the last turn (or back to one) out of the conversation."""
    return await deck.features.tools.undo(await deck.get(session), turn, files)


@command("session.turns")
async def turns(deck: Deck, session: str) -> list[TurnShown]:
    """Every turn with the message that began it and the files that it changed."""
    return (await deck.get(session)).turns()


@command("session.rewind")
async def rewind(deck: Deck, session: str, turn: int) -> Restored:
    """Put files back to before a turn; the conversation stays."""
    back = await deck.features.tools.rewind(await deck.get(session), turn)
    return back.told()


@command("session.mcp")
async def mcp(
    deck: Deck, session: str, changes: dict[str, bool] | None = None
) -> list[McpServerState]:
    """Switch MCP servers on or off for this session; all of them, as they are then."""
    target = await deck.get(session)
    await deck.features.mcp.switch(target, changes or {})
    return deck.features.mcp.listed(target)


@command("session.fork")
async def fork(
    deck: Deck, session: str, turn: int | None = None, title: str = ""
) -> SessionSummary:
    """A new session with the same past."""
    return (await deck.fork(session, turn, title)).summary.to_json()


@command("session.archive")
async def archive(deck: Deck, session: str, archived: bool = True) -> None:
    """Out of the lists, or back."""
    await deck.archive(session, archived)


@command("session.delete")
async def delete(deck: Deck, session: str) -> None:
    """Remove a session for good."""
    await deck.delete(session)


@command("session.confirm_full")
async def confirm_full(deck: Deck, session: str) -> None:
    """A person has typed that mode `full` may be used where there is no sandbox."""
    deck.features.tools.confirm_full(await deck.get(session))


@command("session.export")
async def export(deck: Deck, session: str, path: str) -> str:
    """Write a session to a file, as Markdown, HTML, JSON or (a terminal) cast by its ending."""
    from sessions.archive.export_file import export_file

    target = await deck.get(session)
    target.recorder.flush()
    deck.features.terminals.flush(target)
    return str(
        await asyncio.to_thread(lambda: export_file(target.journal.events(), path, target.folder))
    )


@command("session.compact")
async def compact(deck: Deck, session: str) -> None:
    """Summarise the past for the model; the record keeps it."""
    await deck.features.compactor.compact(await deck.get(session))


@command("session.compaction")
async def compaction(deck: Deck, session: str) -> CompactionCost:
    """What a compaction will read and cost."""
    cost = deck.features.compactor.cost(await deck.get(session))
    return {"tokens": cost.tokens, "usd": cost.usd}
