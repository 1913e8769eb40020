"""`@session:ID` in a message brings that session's last answer along."""

from __future__ import annotations

from pathlib import Path

from sessions.backends.base import TurnHost
from sessions.features.mentions import Mentions
from sessions.record import events as ev
from tests.support.deckrig import Rig


async def test_what_a_named_session_answered_goes_with_the_users_message(tmp_path: Path) -> None:
    rig = await Rig.make(tmp_path)
    try:
        other, mine = await rig.session(), await rig.session()

        async def answers(host: TurnHost) -> ev.TurnEnded:
            host.emit(ev.Text(turn=host.turn, text="Forty-two whales."))
            return ev.TurnEnded(turn=host.turn, reason="end_turn")

        rig.backend.act = answers
        await other.send("how many?")
        await rig.idle(other)
        mentions = Mentions(rig.deck)
        text = f"compare @session:{other.id} and @session:nobody, not me@session:{other.id}"
        notes = await mentions.notes(mine, ev.UserMessage(turn=1, text=text))
        assert [note["name"] for note in notes] == [other.id, "nobody"]
        assert "Forty-two whales." in notes[0]["text"]
        assert "could not be read" in notes[1]["text"]
        foreign = ev.UserMessage(turn=1, text=text, origin="session")
        assert await mentions.notes(mine, foreign) == []
    finally:
        await rig.close()
