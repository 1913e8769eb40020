"""A request's form: filled in the deck, checked before it is sent."""

from typing import Any

from textual.widgets import Checkbox, Input, Select, Static

from sessions.record import forms
from tests.support.deckpilot import Opened, opened
from tui.screens.form import FormDialog
from tui.widgets.permission import GUARD_S, AnswerChoice, PermissionBox

FIELDS = forms.of_schema(
    {
        "properties": {
            "port": {"type": "integer", "title": "Port", "minimum": 1},
            "tls": {"type": "boolean", "default": True},
            "tags": {"type": "array", "items": {"enum": ["a", "b"]}},
            "kind": {"type": "string", "enum": ["x", "y"]},
        },
        "required": ["port"],
    }
)
OPTIONS = [
    {"id": "form", "name": "Fill in …", "kind": "form"},
    {"id": "no", "name": "No answer", "kind": "reject_once"},
]


def ask(here: Opened, **more: Any) -> None:
    here.client.start_turn("s001")
    asked = {"summary": "Where shall it listen?", "options": OPTIONS, "form": FIELDS, **more}
    here.client.ask("s001", detail="Where shall it listen?", detail_kind="question", **asked)


def fault(form: FormDialog) -> str:
    return str(form.query_one("#fault", Static).content)


async def shown(here: Opened) -> FormDialog:
    await here.until(lambda: bool(here.deck.query(PermissionBox)))
    await here.settle()
    box = here.deck.query_one(PermissionBox)
    box._since -= GUARD_S * 2
    box.focus()
    await here.settle()
    box._since -= GUARD_S * 2
    await here.press("f")
    return await here.screen(FormDialog)


async def test_a_form_is_filled_checked_and_sent_once_it_fits() -> None:
    async with opened(1) as here:
        ask(here)
        form = await shown(here)
        await here.press("0", "ctrl+s")
        assert here.app.screen is form and fault(form) == "Port: At least 1."
        form.query_one("#field-0", Input).value = "8080"
        form.query_one("#field-2-1", Checkbox).value = True
        form.query_one("#field-3", Select).value = "y"
        await here.press("ctrl+s")
        assert here.client.said("session.answer") == [
            {
                "session": "s001", "ask": "a1", "decision": "form", "reason": "",
                "content": {"port": 8080, "tls": True, "tags": ["b"], "kind": "y"},
            }
        ]  # fmt: skip


async def test_a_form_that_is_left_goes_on_waiting() -> None:
    async with opened(1) as here:
        ask(here)
        await shown(here)
        await here.press("escape")
        assert here.client.said("session.answer") == []
        assert here.deck.query(PermissionBox)


async def test_choices_are_given_by_a_key_beside_the_form() -> None:
    async with opened(1, (80, 24)) as here:
        choice = {"id": "choice-1", "name": "Red", "kind": "choice"}
        ask(here, options=[choice, *OPTIONS])
        await here.until(lambda: bool(here.deck.query(PermissionBox)))
        await here.settle()
        assert [c.key for c in here.deck.query(AnswerChoice)] == ["1", "f", "n"]


async def test_a_form_is_filled_from_the_inbox_too() -> None:
    async with opened(2) as here:
        ask(here)
        await here.settle()
        await here.press("f8")
        await here.until(lambda: bool(here.app.screen.query(PermissionBox)))
        await here.settle()
        box = here.app.screen.query_one(PermissionBox)
        await here.until(lambda: box.armed)
        await here.press("f")
        await here.until(lambda: isinstance(here.app.screen, FormDialog))
        here.app.screen.query_one("#field-0", Input).value = "22"
        await here.press("ctrl+s")
        (sent,) = here.client.said("session.answer")
        assert sent["content"] == {"port": 22, "tls": True}
        assert not isinstance(here.app.screen, FormDialog)
