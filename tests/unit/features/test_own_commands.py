"""`!`: a command of the user's own is run in the session's directory, recorded, and told once."""

from __future__ import annotations

import asyncio
import time

import pytest

from sessions.errors import UsageError
from sessions.features.file_scans import FileScans
from sessions.features.own_commands import OwnCommands
from sessions.harvest.byproducts import byproducts
from sessions.record import events as ev
from sessions.record.transcript import Transcript
from sessions.tools.deferred_file_scan import CLOCK_NS
from tests.support.deckrig import Rig
from tests.support.rig import until


async def test_what_it_printed_is_recorded_and_goes_with_the_next_message_alone(rig: Rig) -> None:
    session = await rig.session()
    own = rig.deck.features.own_commands
    ran = await own.run(session, " echo forty-two; pwd; exit 3 ")
    assert ran.exit == 3 and ran.output.splitlines() == ["forty-two", str(rig.root)]
    block = Transcript.of(session.journal.events()).blocks[-1]
    assert (block.kind, block.data["name"], block.data["status"]) == ("tool", "!", "error")
    await session.send("look")
    await rig.idle(session)
    await session.send("and now")
    await rig.idle(session)
    messages = [e for e in session.journal.events() if isinstance(e, ev.UserMessage)]
    notes = [[note["text"] for note in message.notes] for message in messages]
    assert "forty-two" in notes[0][0] and "exit code 3" in notes[0][0]
    assert notes[1] == []


async def test_what_it_made_is_told_of_it_and_found_by_the_harvest(rig: Rig) -> None:
    (rig.root / "work").mkdir()
    session = await rig.deck.create(cwd=str(rig.root / "work"))
    own = rig.deck.features.own_commands
    await own.run(session, "mkdir out && echo 1 > out/sums.csv")
    await until(lambda: any(isinstance(e, ev.FilesMade) for e in session.journal.events()), 60)
    events = list(session.journal.events())
    (made,) = [e for e in events if isinstance(e, ev.FilesMade)]
    assert [each["path"] for each in made.files] == ["out/sums.csv"]
    blocks = Transcript.of(events).blocks
    assert [b.data["made"] for b in blocks if b.data.get("name") == "!"] == [made.files]
    found = [f for f in byproducts(session.id, events) if f.signals.get("made")]
    assert [(f.path, f.signals["command"]) for f in found] == [
        ("out/sums.csv", "mkdir out && echo 1 > out/sums.csv")
    ]


async def test_a_file_that_is_made_while_the_models_command_runs_is_told_once(rig: Rig) -> None:
    (rig.root / "work").mkdir()
    session = await rig.deck.create(cwd=str(rig.root / "work"))
    behind = (await rig.deck.features.tools.toolbox(session)).state.behind
    begun, call = time.time_ns() - CLOCK_NS, ev.ToolCall(turn=1, call="m", name="Bash", input={})
    behind.begins()
    await rig.deck.features.own_commands.run(session, "echo 1 > one.csv")
    behind.made_by(begun, call, session.recorder.emit)
    behind.ended()
    await behind.looked()
    made = [e for e in session.journal.events() if isinstance(e, ev.FilesMade)]
    assert [[f["path"] for f in each.files] for each in made] == [["one.csv"]]
    assert made[0].call.startswith("shell-"), "of the command that began last"


async def test_what_it_made_is_told_though_the_session_leaves_at_once(rig: Rig) -> None:
    (rig.root / "work").mkdir()
    session = await rig.deck.create(cwd=str(rig.root / "work"))
    await rig.deck.features.own_commands.run(session, "echo 1 > last.csv")
    await rig.deck.put_down(session)
    events = list((await rig.deck.get(session.id)).journal.events())
    made = [e for e in events if isinstance(e, ev.FilesMade)]
    assert [[f["path"] for f in each.files] for each in made] == [["last.csv"]]


async def test_what_the_model_was_not_told_is_known_after_a_new_start(rig: Rig) -> None:
    session = await rig.session()
    await rig.deck.features.own_commands.run(session, "echo kept")
    again = OwnCommands(rig.deck, FileScans(rig.deck))
    again.joined(session)
    for event in session.journal.events():
        for observe in session.observers[-1:]:
            observe(event)
    told = await again.notes(session, ev.UserMessage(turn=1, text="x"))
    assert "kept" in told[0]["text"]


async def test_a_message_without_notes_has_told_nothing(rig: Rig) -> None:
    session = await rig.session()
    own = rig.deck.features.own_commands
    await own.run(session, "echo untold")
    steered = ev.UserMessage(turn=1, text="into the turn that runs")
    session.recorder.emit(steered)
    (told,) = await own.notes(session, ev.UserMessage(turn=2, text="x"))
    assert "untold" in told["text"]
    session.recorder.emit(ev.replace(steered, notes=[told]))
    assert await own.notes(session, ev.UserMessage(turn=3, text="y")) == []


async def test_one_that_runs_on_is_ended_with_what_it_printed(rig: Rig) -> None:
    session = await rig.session()
    own = rig.deck.features.own_commands
    task = asyncio.create_task(own.run(session, "echo begun; touch there; sleep 600"))
    await until(lambda: (rig.root / "there").exists())
    assert own.busy
    assert own.end(session) == 1
    ran = await task
    assert "begun" in ran.output and "stopped" in ran.output
    assert not own.busy


async def test_no_command_is_refused(rig: Rig) -> None:
    with pytest.raises(UsageError, match="no command"):
        await rig.deck.features.own_commands.run(await rig.session(), "  ")
