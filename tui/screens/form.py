"""The form that a program wants filled: its fields, and what is wrong with what was entered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Input, Label, Select, Static

from sessions.record import forms
from sessions.record.summary_parts import FormChoice, FormField, PendingAsk
from tui.screens.dialogs import Dialog
from tui.widgets.fields import Field, Tick
from tui.words.text import one_line, plain

_GREY = "$foreground 55%"
_YES_NO = (("Yes", True), ("No", False))


class FormDialog(Dialog[dict[str, Any]]):
    """Gives what was entered, by the fields' names; nothing if it is left."""

    QUICKER: ClassVar[Mapping[str, str]] = {"send": "ctrl+s", "leave": "escape"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s,ctrl+enter", "send", "send", show=False, priority=True),
    ]

    def __init__(self, ask: PendingAsk) -> None:
        super().__init__(one_line(ask["tool"]) or "A question")
        self.message = ask["summary"]
        self.fields = list(ask["form"])

    def body(self) -> ComposeResult:
        """The question, a row per field, and what sends them."""
        yield Static(plain(self.message, "bold"), id="form-question", markup=False)
        with VerticalScroll(id="form", can_focus=False):
            for number, field in enumerate(self.fields):
                yield from self._row(number, field)
            yield Static("", id="fault", markup=False)
        with Horizontal(id="buttons"):
            yield Button(Content("Send"), id="send", variant="primary", compact=True)
            yield Button(Content("Cancel"), id="leave", compact=True)

    def _row(self, number: int, field: FormField) -> ComposeResult:
        mark = " *" if field.get("required") else ""
        about = " · ".join(filter(None, (str(field.get("about") or ""), forms.rule(field))))
        with Horizontal(classes="form--row"):
            yield Label(Content(one_line(str(field["title"])) + mark), classes="form--title")
            with Vertical(classes="form--field"):
                yield from self._input(f"field-{number}", field)
                if about:
                    yield Static(plain(about, "$text-muted"), classes="form--about", markup=False)

    def _input(self, key: str, field: FormField) -> ComposeResult:
        kind, default = field["kind"], field.get("default")
        if kind == "choices":
            for number, choice in enumerate(field.get("choices") or []):
                chosen = isinstance(default, list) and choice["value"] in default
                yield Tick(_named(choice), chosen, compact=True, id=f"{key}-{number}")
        elif kind in ("choice", "yes-no"):
            offered = [(_named(c), c["value"]) for c in field.get("choices") or []]
            if kind == "yes-no":
                offered = [(Content(name), value) for name, value in _YES_NO]
            given = {"value": default} if default is not None else {}
            yield Select[Any](offered, prompt="none chosen", compact=True, id=key, **given)
        else:
            yield Field("" if default is None else str(default), compact=True, id=key)

    def on_mount(self) -> None:
        """The first field takes the keys."""
        self.hint("ctrl+s sends · tab next field · esc closes it unanswered")
        for row in self.query(".form--field Input, .form--field Select, .form--field Checkbox"):
            row.focus()
            break

    def entered(self) -> dict[str, Any]:
        """What stands in the fields; what is empty is left out."""
        found: dict[str, Any] = {}
        for number, field in enumerate(self.fields):
            value = self._value(f"field-{number}", field)
            if value not in (None, "", []):
                found[field["name"]] = value
        return found

    def _value(self, key: str, field: FormField) -> Any:
        kind = field["kind"]
        if kind == "choices":
            choices = field.get("choices") or []
            boxes = [self.query_one(f"#{key}-{n}", Tick) for n in range(len(choices))]
            return [c["value"] for c, box in zip(choices, boxes, strict=True) if box.value]
        if kind in ("choice", "yes-no"):
            value = self.query_one(f"#{key}", Select).value
            return value if isinstance(value, str | bool) else None
        return forms.read(field, self.query_one(f"#{key}", Input).value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        self.action_send()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "send":
            self.action_send()
        else:
            self.dismiss(None)

    def action_send(self) -> None:
        """Give what was entered, if it fits; else say what does not, and go there."""
        content = self.entered()
        wrong = forms.faults(self.fields, content)
        if not wrong:
            self.dismiss(content)
            return
        at = next(n for n, f in enumerate(self.fields) if f["name"] in wrong)
        field = self.fields[at]
        told = f"{one_line(str(field['title']))}: {wrong[field['name']]}"
        self.query_one("#fault", Static).update(plain(told))
        first = f"#field-{at}-0" if field["kind"] == "choices" else f"#field-{at}"
        for found in self.query(first):
            found.focus()


def _named(choice: FormChoice) -> Content:
    name, about = one_line(str(choice["name"])), one_line(str(choice.get("about") or ""))
    return Content.assemble(name, (f" — {about}" if about else "", _GREY))
