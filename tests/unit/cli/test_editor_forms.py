"""Forms of the deck in an editor that shows them."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.cli import editor_forms
from sessions.record import events as ev
from sessions.record import forms

SCHEMA = {
    "properties": {
        "text": {"type": "string", "minLength": 2, "pattern": "a", "description": "some"},
        "mail": {"type": "string", "format": "email"},
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3},
        "share": {"type": "number"},
        "sure": {"type": "boolean"},
        "one": {"type": "string", "oneOf": [{"const": "x", "title": "X", "description": "the x"}]},
        "many": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 1},
    },
    "required": ["text"],
}
FORM = forms.of_schema(SCHEMA)
ASKED = ev.PermissionAsked(
    turn=1,
    call="c",
    ask="a",
    summary="Which?",
    form=FORM,
    options=[{"id": "form", "kind": "form"}, {"id": "no", "kind": "reject_once"}],
)


class Editor:
    """Answers as it is told."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[tuple[str, ev.JSON]] = []

    async def send_request(self, method: str, params: ev.JSON) -> Any:
        self.asked.append((method, params))
        return self.answer


def test_a_form_is_told_as_the_protocol_has_it() -> None:
    assert forms.of_schema(editor_forms.schema(FORM)) == FORM


@pytest.mark.parametrize(
    ("answer", "decided"),
    [
        ({"action": "accept", "content": {"text": "aa"}}, ("form", {"text": "aa"})),
        ({"action": "accept", "content": {"text": "a"}}, ("", {})),
        ({"action": "accept"}, ("", {})),
        ({"action": "decline"}, ("no", {})),
        ({"action": "cancel"}, ("", {})),
        (None, ("", {})),
    ],
)
async def test_what_the_editor_answers_counts_if_it_fits(answer: Any, decided: Any) -> None:
    editor = Editor(answer)
    assert await editor_forms.filled(editor, "s1", ASKED) == decided
    ((method, params),) = editor.asked
    assert method == "elicitation/create"
    assert (params["mode"], params["message"], params["toolCallId"]) == ("form", "Which?", "c")
