"""The JSON object of a reply is found whatever stands around it."""

from __future__ import annotations

from typing import Any

import pytest

from sessions.safety.reply_json import object_in


@pytest.mark.parametrize(
    ("reply", "found"),
    [
        ('{"a": 1}', {"a": 1}),
        ('Here it is:\n```json\n{"a": {"b": [1]}}\n```\nDone.', {"a": {"b": [1]}}),
        ('{"a": 1}\nIs {this} it?', {"a": 1}),
        ("none", {}),
        ("} {", {}),
        ('{"a": ', {}),
        ("[1, 2]", {}),
        ('{"a": ' * 100_000 + "}", {}),
        ("{" + "1" * 10_000 + "}", {}),
    ],
)
def test_the_object_of_a_reply(reply: str, found: dict[str, Any]) -> None:
    assert object_in(reply) == found
