"""Events → blocks: what a view may rely on."""

from __future__ import annotations

import random

from sessions.record import events as ev
from sessions.record.transcript import Transcript


def test_what_is_new_is_found_however_chunks_were_joined() -> None:
    rng = random.Random(1)
    transcript, seen, drawn, whole = Transcript(), 0, "", ""
    for seq in range(1, 1_000):
        chunk = "".join(rng.choices("abc \n", k=rng.randint(1, 30)))
        whole += chunk
        block = transcript.apply(ev.Text(seq=seq, turn=1, text=chunk))
        assert block is not None
        if rng.random() < 0.1:  # a view draws now and then
            drawn += block.after(seen)
            seen = block.size
            assert drawn == whole
    assert block is not None
    assert block.text == whole == block.after(0)
    assert block.after(block.size) == ""


def test_a_long_answer_is_kept_in_few_pieces() -> None:
    transcript = Transcript()
    for seq in range(1, 6_401):
        transcript.apply(ev.Text(seq=seq, turn=1, text="twenty characters ok"))
    assert len(transcript.blocks[0].parts) < 200


def test_a_priming_has_one_line_for_its_draw_and_one_for_its_gauge() -> None:
    drawn = ev.PrimingDrawn(id="p1", kind="names", seed=7, draw=["A"])
    read = ev.PrimingDrawn(id="p1", kind="names", seed=7, draw=["A"], items=[{"id": "n1"}])
    first = ev.PrimingMeasured(id="p1", turn=1, gauge={"enough": False})
    later = ev.PrimingMeasured(id="p1", turn=4, gauge={"enough": True})
    other = ev.PrimingDrawn(id="p2", kind="names", seed=8, draw=["B"])
    transcript = Transcript.of([drawn, read, first, other, later])
    lines = [(b.data["what"], b.data["id"]) for b in transcript.blocks]
    assert lines == [("drawn", "p1"), ("measured", "p1"), ("drawn", "p2")]
    assert transcript.blocks[0].data["n"] == 1
    assert transcript.blocks[1].data["gauge"] == {"enough": True}


def test_what_a_command_made_is_its_own_also_when_its_turn_has_ended() -> None:
    transcript = Transcript()
    told: list[ev.Event] = []
    for turn in (1, 2):
        told += [
            ev.UserMessage(turn=turn, text="Plot"),
            ev.ToolCall(turn=turn, call="c", name="Bash", input={"command": "plot"}),
            ev.ToolResult(turn=turn, call="c", status="ok", content="done"),
            ev.TurnEnded(turn=turn, reason="end_turn"),
        ]
    told += [ev.FilesMade(turn=turn, call="c", files=[{"path": f"{turn}.png"}]) for turn in (1, 2)]
    told.append(ev.FilesMade(turn=2, call="gone", files=[{"path": "x.png"}]))
    for seq, event in enumerate(told, 1):
        transcript.apply(ev.replace(event, seq=seq))
    made = [block.data["made"] for block in transcript.blocks if block.kind == "tool"]
    assert [[file["path"] for file in files] for files in made] == [["1.png"], ["2.png"]]


def test_a_message_that_was_put_into_a_running_turn_is_called_steered() -> None:
    transcript = Transcript.of(
        [
            ev.UserMessage(turn=1, text="a"),
            ev.Text(turn=1, text="b"),
            ev.UserMessage(turn=1, text="c", origin="queued"),
            ev.UserMessage(turn=2, text="d", origin="queued"),
            ev.UserMessage(turn=2, text="e", origin="broadcast"),
        ]
    )
    told = [b.data.get("origin", "") for b in transcript.blocks if b.kind == "user"]
    assert told == ["", "steered", "queued", "broadcast"]
