"""The journal: what was acknowledged is there, whatever happened to the file."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sessions.errors import JournalError
from sessions.record import codec
from sessions.record import events as ev
from sessions.record.context import Context
from sessions.record.journal import NAME, Faults, Journal, read, store_file
from sessions.record.summary import Reducer
from sessions.record.transcript import Transcript

FIXTURES = Path(__file__).parents[2] / "fixtures" / "journals"
KILLS = int(os.environ.get("AGENTDECK_KILLS", "25"))


def created(name: str = "s1") -> ev.SessionCreated:
    return ev.SessionCreated(id=name, title="A test")


def new(tmp_path: Path, texts: int = 3) -> tuple[Journal, Path]:
    journal, _, _ = Journal.create(tmp_path / "s1", created())
    for number in range(texts):
        journal.append(ev.Text(turn=1, text=f"chunk {number}"))
    return journal, tmp_path / "s1" / NAME


def test_events_come_back_as_they_were_numbered_and_dated(tmp_path: Path) -> None:
    journal, path = new(tmp_path)
    events = list(read(path))
    assert [e.seq for e in events] == [1, 2, 3, 4]
    assert all(e.at.endswith("Z") for e in events)
    assert events[-1] == ev.Text(seq=4, at=events[-1].at, turn=1, text="chunk 2")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    journal.close()


def test_every_line_is_ascii_whatever_the_text_holds(tmp_path: Path) -> None:
    journal, path = new(tmp_path, 0)
    text = "\ud800 \x1b[2J \u202e € 🎉 \n\r\x00"
    journal.append(ev.Text(turn=1, text=text))
    assert path.read_bytes().isascii()
    assert b"\x1b" not in path.read_bytes()
    assert list(read(path))[-1].text == text  # type: ignore[attr-defined]
    journal.close()


def test_two_writers_are_impossible(tmp_path: Path) -> None:
    journal, path = new(tmp_path)
    with pytest.raises(JournalError, match="Another process"):
        Journal.open(path.parent)
    journal.close()
    again, _ = Journal.open(path.parent)
    again.close()


def test_a_torn_last_line_is_set_apart_and_reported_once(tmp_path: Path) -> None:
    journal, path = new(tmp_path)
    journal.close()
    whole = path.read_bytes()
    torn = b'{"seq":5,"at":"2026","type":"te'
    path.write_bytes(whole + torn)
    journal, events = Journal.open(path.parent)
    assert isinstance(events[-1], ev.JournalRepaired)
    assert events[-1].faults[0]["bytes"] == len(torn)
    journal.append(ev.Text(turn=1, text="after"))
    journal.close()
    assert path.read_bytes().startswith(whole + torn + b"\n")
    journal, events = Journal.open(path.parent)
    assert [type(e) for e in events].count(ev.JournalRepaired) == 1
    assert [e.seq for e in events] == list(range(1, 7))
    journal.close()


def test_broken_lines_and_unknown_types_are_passed_over(tmp_path: Path) -> None:
    journal, path = new(tmp_path)
    journal.close()
    lines = path.read_bytes().splitlines(keepends=True)
    odd = [
        b"not json\n",
        b"[1,2]\n",
        b"\xff\xfe\n",
        b"\n",
        b'{"seq":"x","type":"text"}\n',
        b'{"seq":3,"at":"","type":"text"}\n',
        b"[" * 100_000 + b"\n",
        b'{"seq":9,"at":"","type":"hologram","x":1}\n',
    ]
    path.write_bytes(b"".join([lines[0], *odd, *lines[1:]]))
    faults = Faults()
    events = list(read(path, faults))
    assert [e.text for e in events if isinstance(e, ev.Text)] == ["chunk 0", "chunk 1", "chunk 2"]
    assert [e.name for e in events if isinstance(e, ev.Unknown)] == ["hologram"]
    assert len(faults.found) == 6


def test_a_cut_write_is_never_glued_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, path = new(tmp_path)
    real = os.write
    calls = iter([10])

    def half(fd: int, data: bytes) -> int:
        size = next(calls, None)
        if size is not None:
            return real(fd, data[:size])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", half)
    with pytest.raises(JournalError, match="No space left") as caught:
        journal.append(ev.Text(turn=1, text="lost"))
    assert "free some space" in caught.value.hint
    monkeypatch.setattr(os, "write", real)
    journal.append(ev.Text(turn=1, text="kept"))
    events = list(read(path))
    assert [e.seq for e in events] == [1, 2, 3, 4, 5]
    assert events[-1].text == "kept"  # type: ignore[attr-defined]
    journal.close()


def test_a_fork_copies_the_lines_and_the_files(tmp_path: Path) -> None:
    journal, path = new(tmp_path)
    name = store_file(path.parent, b"an image", ".png")
    Journal.fork(path.parent, tmp_path / "s2", 3, created("s2"))
    mine, theirs = (
        path.read_bytes().splitlines(),
        (tmp_path / "s2" / NAME).read_bytes().splitlines(),
    )
    assert theirs[1:] == mine[1:3]
    assert json.loads(theirs[0])["id"] == "s2"
    assert (tmp_path / "s2" / name).read_bytes() == b"an image"
    journal.close()


def test_no_journal_is_no_session(tmp_path: Path) -> None:
    (tmp_path / "s9").mkdir()
    with pytest.raises(JournalError):
        Journal.open(tmp_path / "s9")
    (tmp_path / "s9" / NAME).write_text('{"seq":1,"at":"","type":"text","turn":1,"text":"x"}\n')
    with pytest.raises(JournalError, match="does not begin"):
        Journal.open(tmp_path / "s9")


@pytest.mark.parametrize("version", sorted(p.name for p in FIXTURES.iterdir()))
def test_journals_of_every_format_stay_readable(version: str, tmp_path: Path) -> None:
    path = FIXTURES / version / NAME
    faults = Faults()
    events = list(read(path, faults))
    assert faults.found == [] and faults.gaps == 0
    assert len(events) == len(path.read_bytes().splitlines())
    for event, line in zip(events, path.read_bytes().splitlines(), strict=True):
        told = json.loads(line)
        assert {k: v for k, v in codec.to_json(event).items() if k in told} == told
    reducer, context = Reducer(), Context(tmp_path)
    for event in events:
        reducer.apply(event)
        context.apply(event)
    assert reducer.summary.title == "Sums"
    assert Transcript.of(events).blocks
    assert context.messages()[0]["role"] == "user"


BYTES = st.binary(max_size=80)


@settings(max_examples=150, deadline=None)
@given(place=st.integers(0, 2000), junk=BYTES, cut=st.integers(0, 300))
def test_whatever_happens_to_the_bytes_reading_goes_on(
    tmp_path_factory: pytest.TempPathFactory, place: int, junk: bytes, cut: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzzed.jsonl"
    data = (FIXTURES / "v1" / NAME).read_bytes()
    place = min(place, len(data))
    path.write_bytes(data[:place] + junk + data[min(len(data), place + cut) :])
    events = list(read(path, Faults()))
    reducer, context = Reducer(), Context(path.parent)
    transcript = Transcript()
    for event in events:
        reducer.apply(event)
        context.apply(event)
        transcript.apply(event)
    context.messages()


WRITER = """
import os, sys
from pathlib import Path
from sessions.record import events as ev
from sessions.record.journal import Journal
folder, buffered = Path(sys.argv[1]), sys.argv[2] == "buffered"
journal, _, _ = Journal.create(folder, ev.SessionCreated(id="s"))
if buffered:
    file = open(journal.path, "ab")
    journal._write = file.write
number = 0
while True:
    number += 1
    stamped, _ = journal.append(ev.Text(turn=1, text=f"{number} " + "x" * (number % 300)))
    os.write(1, b"%d\\n" % stamped.seq)
"""


def killed(folder: Path, kind: str, after: int) -> tuple[int, int]:
    """Run the writer, kill it after so many bytes of acknowledgements: last acked, last read."""
    process = subprocess.Popen(
        [sys.executable, "-P", "-c", textwrap.dedent(WRITER), str(folder), kind],
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    acked = os.read(process.stdout.fileno(), 1)
    while len(acked) < after:
        acked += os.read(process.stdout.fileno(), after)
    process.send_signal(signal.SIGKILL)
    while part := os.read(process.stdout.fileno(), 65536):
        acked += part
    process.wait()
    process.stdout.close()
    last = [int(n) for n in acked[: acked.rfind(b"\n")].split()][-1]
    journal, events = Journal.open(folder)
    journal.close()
    texts = [e for e in events if isinstance(e, ev.Text)]
    assert [e.seq for e in events] == list(range(1, len(events) + 1))
    return last, texts[-1].seq if texts else 0


@pytest.mark.parametrize("kind", ["written", "buffered"])
def test_no_acknowledged_event_is_lost_by_kill_9(tmp_path: Path, kind: str) -> None:
    """The control with a buffered writer must lose some, or the test proves nothing."""
    lost = 0
    rounds = KILLS if kind == "written" else 5
    for number in range(rounds):
        acked, there = killed(tmp_path / f"s{number}", kind, 20 + number * 37)
        lost += max(0, acked - there)
    assert (lost > 0) == (kind == "buffered")
