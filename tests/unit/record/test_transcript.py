"""Events → blocks: what a view may rely on."""

from __future__ import annotations

import random

from sessions import events as ev
from sessions.transcript import Transcript


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
    assert block.text == whole == block.after(0)
    assert block.after(block.size) == ""


def test_a_long_answer_is_kept_in_few_pieces() -> None:
    transcript = Transcript()
    for seq in range(1, 6_401):
        transcript.apply(ev.Text(seq=seq, turn=1, text="twenty characters ok"))
    assert len(transcript.blocks[0].parts) < 200
