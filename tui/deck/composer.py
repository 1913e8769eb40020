"""The one place where messages are written. It names where they go, always."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from rich.cells import cell_len
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from tui.deck.completions import Offers
from tui.deck.dropped_files import files_named, has_clipboard, is_picture
from tui.deck.memory import Draft
from tui.widgets.fields import Area
from tui.words.text import clean, clip, fitting, one_line, size

LARGE_PASTE_CHARS = 4_000
LARGE_PASTE_LINES = 30
MOST_LAID_OUT = 60_000
MOST_FILES = 20


class Composer(Area):
    """A multi-line field: enter sends; history at its edges; large pastes are folded.

    A paste of more than 4,000 characters or 30 lines becomes a placeholder, `[pasted 100 KB]`,
    which is expanded when the message is sent: laying out 100 KB of text would hold up keys.
    """

    BINDING_GROUP_TITLE = "Composer"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("shift+enter,alt+enter,ctrl+o", "newline", "new line", show=False),
        Binding("up", "up", "up, or back in the history", show=False),
        Binding("down", "down", "down, or on in the history", show=False),
        Binding("ctrl+r", "history", "search what was sent", show=False),
        Binding("alt+z,ctrl+underscore", "undo", "undo typing", show=False),
    ]

    @dataclass
    class Submitted(Message):
        """The message is to be sent: `text` has its pastes in place, `targets` are those that
        the frame named when enter was pressed, `draft` is what to give back if it fails."""

        text: str
        targets: tuple[str, ...]
        draft: Draft

    @dataclass
    class GoOn(Message):
        """Enter was pressed with nothing written: what waits may be sent."""

        targets: tuple[str, ...]

    @dataclass
    class Act(Message):
        """What the deck can do was chosen here, by the name of the action."""

        action: str

    @dataclass
    class Edited(Message):
        """The draft changed."""

        composer: Composer

    @dataclass
    class Scrolled(Message):
        """Page up or down was pressed: the tile's concern."""

        pages: int

    def __init__(self, history: list[str], *, id: str | None = None) -> None:
        super().__init__(
            soft_wrap=True,
            tab_behavior="focus",
            show_line_numbers=False,
            compact=True,
            highlight_cursor_line=False,
            id=id,
        )
        self.past = history
        self.offers = Offers()
        self.targets: tuple[str, ...] = ()
        """The sessions that the frame names; empty = one that is to be made."""
        self._hint = self._short = ""
        self._at: int | None = None
        self._unsent = Draft()
        self._pastes: dict[str, str] = {}
        self.files: tuple[str, ...] = ()
        """What is attached, by its path."""

    # -- what is attached

    def attach(self, files: Iterable[Path]) -> None:
        """Let files go with the message; each once, and no more than a message can have."""
        self._set_files(tuple(dict.fromkeys([*self.files, *map(str, files)]))[:MOST_FILES])

    def detach(self, file: str = "") -> None:
        """Take one away ("" = the last); what is no picture is named in the text instead."""
        gone = file or (self.files[-1] if self.files else "")
        if gone not in self.files:
            return
        self._set_files(tuple(each for each in self.files if each != gone))
        if not is_picture(Path(gone)):
            self._insert(clean(gone))

    def _set_files(self, files: tuple[str, ...]) -> None:
        if files != self.files:
            self.files = files
            self.post_message(self.Edited(self))

    # -- the draft

    @property
    def draft(self) -> Draft:
        """What stands here, with the pastes that it still names."""
        text = self.text
        return Draft(text, {k: v for k, v in self._pastes.items() if k in text}, self.files)

    def restore(self, draft: Draft) -> None:
        """Show another draft; the cursor goes to its end."""
        self._at = None
        self._pastes = dict(draft.pastes)
        self._set_files(draft.files)
        if self.text != draft.text:
            self.load_text(draft.text)
            self.move_cursor(self.document.end)

    def expanded(self) -> str:
        """The text as it will be sent."""
        text = self.text
        for placeholder, pasted in self._pastes.items():
            text = text.replace(placeholder, pasted)
        return text

    def clear_draft(self) -> None:
        """Empty, for the next message."""
        self.restore(Draft())

    # -- pasting

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.paste(event.text)

    def paste(self, text: str) -> None:
        """Insert pasted text, folded if it is large; files that it names are attached.

        A text's path in the middle of a sentence stays one: only pictures are attached there.
        """
        files = files_named(text)
        if files and (not self.text.strip() or all(map(is_picture, files))):
            self.attach(files)
            return
        text = clean(text.replace("\r\n", "\n").replace("\r", "\n"))
        if len(text) > LARGE_PASTE_CHARS or text.count("\n") > LARGE_PASTE_LINES:
            text = self._fold(text)
        self._insert(text)

    def _insert(self, text: str) -> None:
        result = self._replace_via_keyboard(text, *self.selection)
        if result:
            self.move_cursor(result.end_location)

    def _fold(self, text: str) -> str:
        name = f"[pasted {size(len(text.encode('utf-8', 'replace')))}]"
        number = 2
        while name in self._pastes or name in self.text:
            name = name.split(" #")[0].rstrip("]") + f" #{number}]"
            number += 1
        self._pastes[name] = text
        return name

    def unfold(self) -> None:
        """Put every paste in its place, as far as it can be laid out without holding up keys."""
        for name, pasted in self.draft.pastes.items():
            if len(pasted) > MOST_LAID_OUT:
                continue
            before = self.text.partition(name)[0].split("\n")
            start = (len(before) - 1, len(before[-1]))
            result = self._replace_via_keyboard(pasted, start, (start[0], start[1] + len(name)))
            if result:
                self.move_cursor(result.end_location)

    def on_click(self, event: events.Click) -> None:
        """Two clicks on what stands for a paste open it."""
        if (
            event.chain == 2
            and self._pastes
            and "[pasted" in self.document.get_line(self.cursor_location[0])
        ):
            event.stop()
            self.unfold()

    # -- keys

    def action_paste(self) -> None:
        """The clipboard's picture, where there is a way to it; else what was copied here."""
        if has_clipboard():
            self.post_message(self.Act("paste_picture"))
        else:
            super().action_paste()

    def paste_copied(self) -> None:
        """Insert what was copied in the deck."""
        super().action_paste()

    def action_delete_left(self) -> None:
        """At the very beginning it takes the last attached file away."""
        if self.files and self.selection.is_empty and self.cursor_location == (0, 0):
            self.detach()
        else:
            super().action_delete_left()

    async def _on_key(self, event: events.Key) -> None:
        if self.offers.open and self._offered(event.key):
            event.stop()
            event.prevent_default()
        # The field would take enter for a new line before any binding is asked.
        elif event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_submit()

    def _offered(self, key: str) -> bool:
        """Whether a key is for what is offered. Enter is only once something is chosen."""
        if key in ("up", "down"):
            self.offers.move(-1 if key == "up" else 1)
        elif key == "tab" or (key == "enter" and self.offers.at >= 0):
            if action := self.offers.take(self):
                self.post_message(self.Act(action))
        elif key == "escape":
            self.offers.close()
        else:
            return False
        return True

    def on_blur(self) -> None:
        """Who writes elsewhere is offered nothing here."""
        self.offers.close()

    def action_submit(self) -> None:
        """Send; a backslash before the cursor makes it a new line instead."""
        row, column = self.cursor_location
        line = self.document.get_line(row)
        if self.selection.is_empty and column == len(line) and line.endswith("\\"):
            self._replace_via_keyboard("\n", (row, column - 1), (row, column))
            return
        text, draft = self.expanded(), self.draft
        if text.strip() or draft.files:
            # Cleared here and now: what is typed next is another message.
            self.clear_draft()
            self.post_message(self.Submitted(text, self.targets, draft))
        elif not text:
            self.post_message(self.GoOn(self.targets))

    def action_newline(self) -> None:
        """A new line."""
        self._replace_via_keyboard("\n", *self.selection)

    def action_up(self) -> None:
        """One row up; on the first row back in the history."""
        if self._row == 0:
            self._recall(-1)
        else:
            self.action_cursor_up()

    def action_down(self) -> None:
        """One row down; on the last row on in the history."""
        if self._row >= self.wrapped_document.height - 1:
            self._recall(1)
        else:
            self.action_cursor_down()

    def action_history(self) -> None:
        """Find a message that was sent before; it is put where the cursor stands."""
        from tui.screens.dialogs import Choice, Choose, Listing, Pick

        past = self.past[::-1]
        rows = [Pick(str(i), ((one_line(t[:300]), ""),), t) for i, t in enumerate(past)]

        def chosen(choice: Choice | None) -> None:
            if choice is not None:
                self.paste(past[int(choice.row)])
            self.focus()

        listing = Listing(rows, empty="Nothing has been sent yet.")
        self.app.push_screen(Choose("What was sent before", listing), chosen)

    @property
    def _row(self) -> int:
        """The row on the screen that the cursor is in, from 0."""
        return int(self.wrapped_document.location_to_offset(self.cursor_location).y)

    def _recall(self, way: int) -> None:
        if not self.past:
            return
        if self._at is None:
            if way > 0:
                return
            self._unsent = self.draft
            at = len(self.past) - 1
        else:
            at = self._at + way
        if at < 0:
            return
        if at >= len(self.past):
            self.restore(self._unsent)
            return
        self._pastes = {}
        text = self.past[at]
        # A large message of the past is folded like a paste: laid out, it would hold up keys.
        self.load_text(self._fold(text) if len(text) > LARGE_PASTE_CHARS else text)
        self.move_cursor(self.document.end)
        self._at = at

    def action_cursor_page_up(self) -> None:
        """Page keys scroll the current tile."""
        self.post_message(self.Scrolled(-1))

    def action_cursor_page_down(self) -> None:
        """Page keys scroll the current tile."""
        self.post_message(self.Scrolled(1))

    def on_text_area_changed(self) -> None:
        """Tell that the draft changed."""
        self.post_message(self.Edited(self))
        if self._at is None and self.has_focus:
            self.offers.look(self)
        else:
            self.offers.close()

    # -- what it says of itself

    def give_back(self, draft: Draft) -> None:
        """What could not be sent stands here again, before what was typed since."""
        self.restore(draft.before(self.draft))

    def name_target(
        self, targets: tuple[str, ...], target: str, hint: str, short: str = ""
    ) -> None:
        """Take aim, and name where a message goes and what enter does now (`short`: on a phone)."""
        self.targets = targets
        self.border_title = Content(target)
        self._hint, self._short = hint, short
        self.on_resize()

    def on_resize(self) -> None:
        """As much of what enter does as there is room for: a corner and a space to each side."""
        room = self.outer_size.width - 4
        hint = fitting(self._hint, room) if room > 0 else self._hint
        if 0 < room < cell_len(hint):
            hint = self._short or clip(hint, room)
        self.border_subtitle = Content(hint)
