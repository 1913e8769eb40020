"""What happens when a message is sent: to whom, named beforehand, and never twice or nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

from sessions.api.answers import BroadcastSent, Sent
from sessions.errors import AgentdeckError
from sessions.record.summary_parts import AttachedFile, MessageWaiting
from sessions.runtime.queued_message import Queued
from tui.deck.memory import Draft
from tui.deck.terminals import give_keys, paste
from tui.start_directory import here
from tui.timing.timers import later
from tui.words.text import clip, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sessions.record.summary import Summary
    from tui.deck.composer import Composer
    from tui.deck.interfaces import ForSending

MAX_NAMED = 4
COMMAND = "!"
"""What a message begins with that is a command of the user's own."""
_WORTH_SAYING_S = 0.5
"""A command that is done sooner needs no word that it runs."""
_LONGEST_S = 600.0


class Along(TypedDict, total=False):
    """What goes with a message, as the engine takes it."""

    attachments: list[AttachedFile]


def along(files: Iterable[str]) -> Along:
    """Files that go with a message; where there are none, nothing is said of them."""
    given: list[AttachedFile] = [{"file": file} for file in files]
    return {"attachments": given} if given else {}


def waiting(summary: Summary | None) -> list[MessageWaiting]:
    """A session's queue, to be changed and sent back; whole, whatever its record has there."""
    queue = summary.queue if summary else ()
    return [cast("MessageWaiting", Queued.from_json(item).to_json()) for item in queue]


class Sender:
    """Knows the composer's target: the current tile, several tiles, or a session to be made."""

    def __init__(self, deck: ForSending) -> None:
        self.deck = deck
        self.many: tuple[str, ...] = ()
        """The tiles of a broadcast; empty = the current one."""
        self.editing: tuple[str, str] | None = None
        """A queued message that is being edited: its session and id."""
        self._command = False
        self.waiting: Composer.Submitted | None = None
        """What was sent while the engine was still starting: it goes as soon as it is there."""
        deck.topics.connected.subscribe(self._send_waiting)
        deck.topics.lost.subscribe(self._wait_no_more)

    # -- the target

    def targets(self) -> tuple[str, ...]:
        """The sessions that the next message goes to; empty = a new session."""
        model = self.deck.model
        standing = tuple(i for i in self.many if i in model.order)
        if standing:
            return standing
        return (model.current,) if model.current else ()

    def aim(self, sessions: tuple[str, ...]) -> None:
        """The next message goes to these."""
        self.many = sessions
        self.deck.redraw()
        self.deck.composer.focus()

    def name_target(self) -> None:
        """Write the target and what enter does into the composer's frame."""
        deck, composer = self.deck, self.deck.composer
        targets = self.targets()
        first = deck.model.summaries.get(targets[0]) if targets else None
        own = first.cwd if first and not first.host else ""
        composer.offers.folder = here() if not targets else own
        composer.set_class(len(targets) > 1, "-many")
        width, short = max(20, composer.size.width - 6), ""
        if len(targets) > 1:
            names = ", ".join(deck.model.name_of(i) for i in targets[:MAX_NAMED])
            more = f" and {len(targets) - MAX_NAMED} more" if len(targets) > MAX_NAMED else ""
            said = f"to {len(targets)} sessions: {names}{more}"
            hint = "enter asks, then sends to all · esc: only the current one"
        elif targets:
            said = f"to {deck.model.name_of(targets[0])}"
            hint = self._hint(targets[0])
        elif deck.link.coming and self.waiting is None:
            said = ""  # there may be sessions, one of which it is then
            hint, short = "enter sends it as soon as the engine is there", "enter sends it then"
        else:
            said = "to a new session"
            hint, short = "enter starts it with the default profile", "enter starts it"
        if self.waiting is not None:
            hint = "it waits: sent as soon as the engine is there, unless you change it"
            short = "it waits for the engine"
        composer.name_target(targets, clip(said, width), hint, short)

    def _elsewhere(self) -> str:
        """Who has the keys, if it is not the composer."""
        deck = self.deck
        if deck.side.has_focus_within:
            return f"the keys are in {deck.side.title} · esc, or going to a tile: here"
        if deck.focused is None or deck.focused is deck.composer:
            return ""
        box = deck.tile.answerable() if deck.tile is not None else None
        if box is not None and box.has_focus_within:
            return "the keys are in the request · esc: here"
        if getattr(deck.focused, "takes_keys", False):
            return "the keys are in the terminal"
        return "the keys are in the tile · tab: here"

    def _hint(self, session_id: str) -> str:
        if elsewhere := self._elsewhere():
            return elsewhere
        summary = self.deck.model.summaries[session_id]
        if (state := summary.terminal) is not None:
            if not state["running"]:
                return "its program has ended"
            then = "" if summary.host else ", a second enter runs it · tab gives it the keys"
            return f"enter types it{then}"
        waiting = f", {len(summary.queue)} waiting" if summary.queue else ""
        if self.deck.composer.text.startswith(COMMAND):
            return f"enter runs it as you, in {clip(summary.cwd, 40)}; the model is told next time"
        if self.editing and self.editing[0] == session_id:
            return "enter puts the edited message back into the queue"
        if summary.parent is not None and summary.parent.get("by") == "agent":
            return "an agent leads this session: nothing can be sent to it"
        if summary.asks and all(ask.get("between") for ask in summary.asks):
            return "enter sends, and the question is taken away unanswered"
        if summary.status in ("working", "needs-you"):
            return f"enter queues it: a turn runs{waiting}{self._then(summary)}"
        if summary.queue and not self.deck.composer.text:
            return f"{len(summary.queue)} waiting: enter sends the next"
        if self.deck.composer.draft.pastes:
            return f"enter sends{waiting} · two clicks on what is pasted open it"
        newline = self._then(summary) or " · shift+enter or \\ enter: new line"
        return f"enter sends{waiting}{newline}"

    def _then(self, summary: Summary) -> str:
        """Where its answer goes when it is done."""
        to = summary.then.get("to", [])
        if not to:
            return ""
        known = self.deck.model.summaries
        first = (
            self.deck.model.name_of(to[0]) if to[0] in known else one_line(to[0].replace(":", " "))
        )
        return f" · when done, to {first}" + (f" and {len(to) - 1} more" if len(to) > 1 else "")

    def edited(self) -> None:
        """The draft changed: an interrupt that was half asked for is off."""
        self.deck.model.interrupting = None
        if self.waiting is not None and self.waiting.draft != self.deck.composer.draft:
            self.waiting = None
            self.deck.redraw()
        summary = self.deck.model.summary()
        was, self._command = self._command, self.deck.composer.text.startswith(COMMAND)
        if summary is not None and (summary.queue or was != self._command):
            self.deck.redraw()  # what enter does now depends on whether something is written

    # -- sending

    def _waits(self, message: Composer.Submitted) -> bool:
        """Whether a message waits for the engine, which is starting; it stays a draft till then."""
        if not self.deck.link.coming:
            return False
        self.deck.composer.give_back(message.draft)
        # What was typed since the enter is no part of it: then it is a draft like any other.
        self.waiting = message if self.deck.composer.draft == message.draft else None
        self.name_target()
        return True

    def _send_waiting(self, _: bool) -> None:
        """The engine is there: what waited for it is no draft any more."""
        message, self.waiting = self.waiting, None
        if message is not None:
            self.deck.composer.clear_draft()
            self.send(message)

    def _wait_no_more(self, *_: str) -> None:
        """There is no engine: what waited for it is a draft like any other."""
        self.waiting = None

    def send(self, message: Composer.Submitted) -> None:
        """Send a message in the background, now or as soon as the engine is there."""
        if not self._waits(message):
            self.deck.in_background(self.submit(message), "send")

    async def submit(self, message: Composer.Submitted) -> None:
        """Send a message to where the frame said. Raises AgentdeckError, with the draft kept."""
        targets = message.targets
        try:
            if len(targets) > 1:
                if not await self._confirmed(targets, message.text):
                    self._give_back(targets, message.draft)
                    return
                self.many = ()
            if terminal := self._terminal(targets):
                if not await self._type(terminal, message):
                    self._give_back(targets, message.draft)
                return
            await self._send(targets, message.text, message.draft.files)
        except AgentdeckError:
            self._give_back(targets, message.draft)
            raise
        finally:
            self.deck.redraw()

    def _terminal(self, targets: tuple[str, ...]) -> Summary | None:
        """The terminal that it goes to, if it goes to one."""
        summary = self.deck.model.summaries.get(targets[0]) if len(targets) == 1 else None
        return summary if summary is not None and summary.terminal is not None else None

    async def _type(self, terminal: Summary, message: Composer.Submitted) -> bool:
        """Type it into a terminal, which gets the keys: enter there runs it. Whether it was typed.

        It is not remembered as what was sent is: it may be an answer to a question of a program.
        """
        if message.draft.files:
            raise AgentdeckError("A terminal takes no files along.", "Take them away first.")
        typed = await paste(self.deck, terminal.id, message.text)
        if typed and not terminal.host:
            give_keys(self.deck, terminal.id)
        return typed

    async def _confirmed(self, targets: tuple[str, ...], text: str) -> bool:
        from tui.screens.dialogs import Confirm

        names = "\n".join(f"  {self.deck.model.name_of(i)}" for i in targets)
        lines = text.strip().splitlines()
        excerpt = clip(lines[0], 60) + (f" (+{len(lines) - 1} lines)" if len(lines) > 1 else "")
        question = f"Send to {len(targets)} sessions?"
        body = f"{names}\n\n“{excerpt}”"
        sure: bool | None = await self.deck.app.push_screen_wait(
            Confirm(question, body, "Send to all")
        )
        return bool(sure)

    async def _send(self, targets: tuple[str, ...], text: str, files: tuple[str, ...]) -> None:
        deck = self.deck
        client = deck.client
        editing, self.editing = self.editing, None
        if text.startswith(COMMAND):
            if files:
                raise AgentdeckError("A command takes no files along.", "Take them away first.")
            await self._run(targets, text)
        elif not targets:
            await self._begin(text, files)
        elif len(targets) > 1:
            sent = await client.call(
                "deck.broadcast", sessions=list(targets), text=text, **along(files)
            )
            self._tell(sent)
        elif editing and editing[0] == targets[0]:
            await self._put_back(editing, text, files)
        else:
            await self._give(targets[0], text, files)
        for session in targets:
            if (tile := deck.tiles.get(session)) is not None:
                tile.face.scroll_end(animate=False)
        deck.memory.sent(text)
        deck.composer.past = deck.memory.history
        deck.drafts.remember()

    async def _give(self, session: str, text: str, files: tuple[str, ...]) -> None:
        """A message for one session."""
        client = self.deck.client
        sent = await client.call("session.send", session=session, text=text, **along(files))
        self._tell_hidden(sent)

    async def _run(self, targets: tuple[str, ...], text: str) -> None:
        """The user's own command, in one session's directory."""
        if len(targets) != 1:
            where = "several sessions" if targets else "no session yet"
            raise AgentdeckError(
                f"A command runs in the directory of one session; there are {where}.",
                "A space before the ! sends it as a message.",
            )
        told = f"{clip(one_line(text), 60)} runs; /shell_stop ends it."
        app = self.deck.app
        waits = later(
            app, _WORTH_SAYING_S, lambda: app.notify(told, markup=False, timeout=_LONGEST_S)
        )
        try:
            await self.deck.client.call("session.shell", session=targets[0], line=text[1:])
        finally:
            waits.cancel()
            app.take_back(told)  # type: ignore[attr-defined]

    def _give_back(self, targets: tuple[str, ...], draft: Draft) -> None:
        """What could not be sent is a draft again, where it came from."""
        deck = self.deck
        current = deck.model.current
        home = targets[0] if len(targets) == 1 else current
        if home == current:
            deck.composer.give_back(draft)
        else:
            kept = deck.memory.drafts.get(home or "", Draft())
            deck.memory.drafts[home or ""] = draft.before(kept)

    def _tell_hidden(self, answer: Sent) -> None:
        """Say that words of the message were keys: the model does not read what was typed."""
        if answer.get("hidden"):
            self.deck.app.notify(
                "Your message holds a key. It is kept out of the record, and the model reads "
                "[key hidden] in its place.",
                severity="warning",
                markup=False,
                timeout=15,
            )

    def _tell(self, answers: list[BroadcastSent]) -> None:
        if any(answer.get("hidden") for answer in answers):
            self._tell_hidden({"hidden": True})
        failed = [answer for answer in answers if answer["error"]]
        if failed:
            names = ", ".join(self.deck.model.name_of(answer["session"]) for answer in failed)
            raise AgentdeckError(
                f"Not sent to {len(failed)} of {len(answers)}: {names}.", failed[0]["error"]
            )

    async def _begin(self, text: str, files: tuple[str, ...]) -> None:
        client = self.deck.client
        about = " ".join(text.split())[:80]  # where the profile asks for one, its branch's name
        made = await client.call("session.create", cwd=here(), about=about)
        session = self.deck.feed.met(made)
        await self._give(session, text, files)
        self.deck.go(session)

    async def _put_back(self, editing: tuple[str, str], text: str, files: tuple[str, ...]) -> None:
        session_id, item_id = editing
        summary = self.deck.model.summaries.get(session_id)
        items = waiting(summary)
        for item in items:
            if item.get("id") == item_id:
                item["text"] = text
                if more := along(files).get("attachments"):
                    item["attachments"] = [*item.get("attachments", []), *more]
                await self.deck.client.call("session.queue", session=session_id, items=items)
                return
        # It was taken from the queue in the meantime: then this is a message of its own.
        await self._give(session_id, text, files)
