"""What the deck remembers."""

import json
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from tui.deck.memory import HISTORY, Draft, Memory


def test_everything_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deck.json"
    memory = Memory(path, theme="nord", order=["b", "a"], current="a")
    memory.drafts["a"] = Draft("see [pasted 9 KB]", {"[pasted 9 KB]": "x" * 9000})
    memory.sent("hello")
    memory.save()
    assert Memory.load(path) == memory


def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "deck.json"
    Memory(path, theme="nord").save()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_broken_file_is_an_empty_memory(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    path.write_bytes(b'{"drafts": [1, ')
    assert Memory.load(path) == Memory(path)
    path.write_bytes(b'{"drafts": 3, "history": null}')
    assert Memory.load(path).drafts == {}


def test_what_is_no_file_in_its_place_holds_up_nobody_and_gives_way(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    os.mkfifo(path)
    memory = Memory.load(path)
    assert memory == Memory(path)
    memory.theme = "nord"
    memory.save()
    assert Memory.load(path).theme == "nord"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", None),
        ("drafts", 3),
        ("history", "all"),
        ("order", [1]),
        ("current", {}),
        ("side", []),
        ("side_width", None),
        ("toured", "yes"),
        ("arrangement", "wide"),
    ],
)
def test_with_one_wrong_field_the_others_are_not_lost(
    tmp_path: Path, name: str, value: Any
) -> None:
    path = tmp_path / "deck.json"
    memory = Memory(path, "nord", {"a": Draft("half")}, ["hello"], ["b"], "a", "plan", 62, False)
    memory.arrangement.kept = ["b"]
    memory.save()
    path.write_text(json.dumps(json.loads(path.read_bytes()) | {name: value}))
    setattr(memory, name, getattr(Memory(), name))
    assert Memory.load(path) == memory


@pytest.mark.parametrize("broken", [3, None, {"text": "a", "pastes": 3, "files": [1]}])
def test_with_one_wrong_draft_the_others_are_not_lost(tmp_path: Path, broken: Any) -> None:
    path = tmp_path / "deck.json"
    path.write_text(json.dumps({"drafts": {"a": broken, "b": {"text": "half"}}, "theme": "nord"}))
    memory = Memory.load(path)
    assert (memory.drafts["b"], memory.theme) == (Draft("half"), "nord")
    assert memory.drafts["a"].text == (broken["text"] if isinstance(broken, dict) else "")


@pytest.mark.parametrize("name", ["columns", "kept", "only", "thinking", "hidden", "sizes"])
@pytest.mark.parametrize("value", [3.5, None, True, "wide", [[]], {"a": "b"}])
def test_what_is_wrong_in_the_arrangement_leaves_the_rest(
    tmp_path: Path, name: str, value: Any
) -> None:
    path = tmp_path / "deck.json"
    path.write_text(json.dumps({"arrangement": {"by_need": True, name: value}, "side": "plan"}))
    memory = Memory.load(path)
    assert (memory.arrangement.by_need, memory.side) == (True, "plan")


def test_a_folder_that_refuses_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file is in the way")
    Memory(tmp_path / "state" / "deck.json", theme="nord").save()


def test_the_history_keeps_each_text_once_and_has_an_end() -> None:
    memory = Memory()
    for number in range(HISTORY + 50):
        memory.sent(f"message {number}")
    memory.sent("message 100")
    assert len(memory.history) == HISTORY
    assert memory.history[-1] == "message 100"
    assert memory.history.count("message 100") == 1


def test_a_lone_surrogate_in_a_draft_survives(tmp_path: Path) -> None:
    path = tmp_path / "deck.json"
    memory = Memory(path)
    memory.drafts["a"] = Draft("half \ud83d a pair")
    memory.save()
    assert Memory.load(path).drafts["a"].text == "half \ud83d a pair"
