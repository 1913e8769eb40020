"""Forms of elicitation: which fields a schema means, and which answers fit them."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.record import forms

EVERY = {
    "properties": {
        "text": {"type": "string", "minLength": 2, "maxLength": 4, "pattern": "^(a+)+$"},
        "mail": {"type": "string", "format": "email"},
        "day": {"type": "string", "format": "date"},
        "count": {"type": "integer", "minimum": 1, "default": 3},
        "share": {"type": "number", "maximum": 1, "default": 7},
        "sure": {"type": "boolean", "default": True},
        "plain": {"type": "string", "enum": ["a", "b"], "enumNames": ["A", "B"]},
        "titled": {"type": "string", "oneOf": [{"const": "x", "title": "The x"}, "rubbish"]},
        "many": {"type": "array", "minItems": 1, "items": {"anyOf": [{"const": "p"}]}},
        "strange": {"type": "_vendor"},
        "odd": 5,
    },
    "required": ["text", 5],
}


def test_a_schema_becomes_fields_and_what_is_strange_is_left_out() -> None:
    fields = {f["name"]: f for f in forms.of_schema(EVERY)}
    assert list(fields) == [
        "text",
        "mail",
        "day",
        "count",
        "share",
        "sure",
        "plain",
        "titled",
        "many",
    ]
    assert [n for n, f in fields.items() if f["required"]] == ["text"]
    assert fields["count"]["default"] == 3
    assert "default" not in fields["share"], "it does not fit its own field"
    assert [c["name"] for c in fields["plain"]["choices"]] == ["A", "B"]
    assert fields["titled"]["choices"] == [{"value": "x", "name": "The x", "about": ""}]
    assert forms.rule(fields["text"]) == "2 to 4 characters, as ^(a+)+$"
    assert "(needed)" in forms.told(list(fields.values()), "Please")


@pytest.mark.parametrize("schema", [None, 5, {}, {"properties": [1]}, {"required": ["x"]}])
def test_a_schema_of_nothing_is_an_empty_form(schema: Any) -> None:
    assert forms.of_schema(schema) == []


def test_what_must_be_entered_but_cant_be_is_said() -> None:
    with pytest.raises(forms.Unfit, match="field x"):
        forms.of_schema({"properties": {"x": {"type": "object"}}, "required": ["x"]})


@pytest.mark.parametrize(
    ("entered", "wrong"),
    [
        ({"text": "aaa"}, set()),
        ({}, {"text"}),
        ({"text": "a"}, {"text"}),
        ({"text": "a" * 40}, {"text"}),
        ({"text": "aa", "mail": "me"}, {"mail"}),
        ({"text": "aa", "day": "tomorrow", "count": 0, "share": 2.5}, {"day", "count", "share"}),
        ({"text": "aa", "count": True, "sure": "yes"}, {"count", "sure"}),
        ({"text": "aa", "plain": "c", "many": ["q"]}, {"plain", "many"}),
        ({"text": "aa", "many": "p"}, {"many"}),
        ({"text": "aa", "other": 1}, {"other"}),
        ({"text": "aa", "day": "2026-11-28", "share": 1, "many": ["p"], "titled": "x"}, set()),
    ],
)
def test_what_was_entered_is_checked(entered: dict[str, Any], wrong: set[str]) -> None:
    assert forms.faults(forms.of_schema(EVERY), entered).keys() == wrong


def test_what_is_typed_is_read_as_its_kind() -> None:
    schema = {"properties": {"n": {"type": "integer"}, "t": {"type": "string"}}}
    whole, text = forms.of_schema(schema)
    assert forms.read(whole, " 7 ") == 7 and forms.read(whole, "x") == "x"
    assert forms.read(text, " a ") == " a " and forms.read(text, "") is None
