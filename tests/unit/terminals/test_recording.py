"""A recording holds what was shown, and never what was typed."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sessions.archive.export_file import export_file
from sessions.errors import AgentdeckError
from sessions.record import events as ev
from sessions.safety import secrets_filter
from sessions.terminals.recorded_terminal import RecordedTerminal
from sessions.terminals.recording import CastWriter, events, size
from tests.support.deckrig import Rig
from tests.support.rig import until
from tests.unit.terminals.looking import Looking


def read(path: Path) -> list[Any]:
    """A recording's lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


@pytest.fixture
def key() -> Iterator[str]:
    """A key that is known."""
    secrets_filter.known.remember(["sk-a-key-of-some-length"])
    yield "sk-a-key-of-some-length"
    secrets_filter.known.remember(())


async def test_a_password_is_in_no_record(looking: Looking, rig: Rig) -> None:
    asks = "stty -echo; printf 'password: '; read -r p; stty echo; echo; echo thanks"
    terminal = await looking.new("sh", "-c", asks)
    await looking.watch(terminal, columns=60, rows=20)
    await looking.shows(terminal, b"password: ")
    await looking.type(terminal, b"hunter2\r")
    await looking.ended(terminal)
    folder = rig.deck.places.session(terminal)
    header, *told = read(folder / "terminal.cast")
    assert (header["version"], header["term"]["cols"]) == (3, 80)
    assert {code for _, code, _ in told} <= {"o", "r", "x"}
    assert [60, "r", "60x20"][1:] in [event[1:] for event in told]
    assert told[-1][1:] == ["x", "0"]
    assert "thanks" in "".join(data for _, code, data in told if code == "o")
    assert all("hunter2" not in path.read_text() for path in folder.glob("*.*"))
    assert stat.S_IMODE((folder / "terminal.cast").stat().st_mode) == 0o600
    part = await looking.client.call("terminal.recorded", session=terminal)
    assert (part["header"], part["done"]) == (header, True)
    assert [list(event) for event in part["events"]] == told
    copy = export_file((), str(rig.root / "out.cast"), folder)
    assert read(copy) == [header, *told]


async def test_nothing_is_recorded_where_that_is_wished(looking: Looking, rig: Rig) -> None:
    says = "printf '\\033]133;B\\007secret\\r\\n\\033]133;C\\007shown\\033]133;D;0\\007'"
    terminal = await looking.new("sh", "-c", says, record=False)
    await looking.ended(terminal)
    folder = rig.deck.places.session(terminal)
    assert [path.name for path in folder.iterdir() if path.is_file()] == ["journal.jsonl"]
    assert not any(isinstance(e, ev.ShellRan) for e in rig.deck.sessions[terminal].journal.events())
    last = await looking.client.call("terminal.last", session=terminal)
    assert (last["command"], last["output"]) == ("secret", "shown")
    with pytest.raises(AgentdeckError, match="nothing is recorded"):
        await looking.client.call("terminal.recorded", session=terminal)


async def test_it_is_bounded_and_says_so(tmp_path: Path) -> None:
    path, told = tmp_path / "t.cast", []
    cast = CastWriter(path, size=(80, 24), command=["x"], most=2000, on_full=told.append)
    for _ in range(100):
        cast.output(b"0123456789" * 10)
    cast.end(0)
    assert path.stat().st_size < 2600
    *_, last = read(path)
    assert (last[1], last[2]) == ("m", told[0])
    assert "ends here" in told[0]


async def test_half_characters_and_keys_are_whole_or_hidden(tmp_path: Path, key: str) -> None:
    path = tmp_path / "t.cast"
    cast = CastWriter(path, size=(80, 24), command=["x"], most=2**20, on_full=lambda _: None)
    for byte in f"Grüße {key}!".encode() + b"\xff":
        cast.output(bytes([byte]))
    cast.end(None)
    _, *told = read(path)
    shown = "".join(data for _, code, data in told if code == "o")
    assert shown == "Grüße [key hidden]!\ufffd"


async def test_what_is_recorded_is_looked_at_when_its_program_is_gone(
    looking: Looking, rig: Rig
) -> None:
    terminal = await looking.new("sh", "-c", "echo shown")
    await looking.ended(terminal)
    await looking.new("sleep", "100")
    assert terminal not in rig.deck.features.terminals._of
    told = await looking.watch(terminal)
    await until(lambda: bool(looking.seen[terminal]) and looking.seen[terminal][-1].end)
    assert (told["running"], looking.text(terminal)) == (False, b"shown\r\n")
    (rig.deck.places.session(terminal) / "terminal.cast").unlink()
    with pytest.raises(AgentdeckError, match="has ended"):  # keys read no recording
        await looking.type(terminal, b"x")


def test_broken_recordings_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    path = tmp_path / "t.cast"
    lines = ['{"version": 3, "term": {"cols": "x", "rows": -1}}', "# a comment", '[1, "o", "a"]',
             "[1, 2]", "{", '[-1, "o", "b"]', '[0.5, "r", "10x3"]', '[0, "r", "x"]',
             '[0, "o", "c"]', '[0, "o"']  # fmt: skip
    path.write_text("\n".join(lines))
    assert size(path) == (80, 24)
    past = RecordedTerminal(size(path), events(path))
    assert past.kept.since(0, 100) == (b"a", (80, 24))
    assert past.kept.since(1, 100) == (b"c", (10, 3))


async def test_a_recording_can_be_printed(tmp_path: Path) -> None:
    path, said = tmp_path / "t.cast", "a\x9b2J\u202e\x85\u2028\x7f\x1b]52;c;x\x07 é 日"
    cast = CastWriter(path, size=(80, 24), command=["x"], most=2**20, on_full=lambda _: None)
    cast.output(said.encode())
    cast.end(0)
    assert read(path)[1][2] == said
    text = path.read_text("utf-8").replace("\n", "")
    assert text.isprintable() and "é 日" in text
