"""What is told of a topic: everybody who has subscribed hears it, and nobody else."""

import pytest

from tests.support.deckpilot import opened
from tui.deck.topics import Topic

FULL = "The disk is full."


def test_all_who_subscribed_are_told_in_their_order_until_they_leave() -> None:
    topic: Topic[str, int] = Topic()
    heard: list[str] = []

    def one(what: str, number: int) -> None:
        heard.append(f"one {what} {number}")

    def other(what: str, number: int) -> None:
        heard.append(f"other {what} {number}")

    topic.subscribe(one)
    topic.subscribe(other)
    assert topic.publish("a", 1)
    topic.unsubscribe(one)
    assert topic.publish("b", 2)
    topic.unsubscribe(other)
    assert not topic.publish("c", 3)
    assert heard == ["one a 1", "other a 1", "other b 2"]


def test_who_leaves_while_it_is_told_keeps_no_other_from_hearing_it() -> None:
    topic: Topic[()] = Topic()
    heard: list[str] = []

    def leaves() -> None:
        topic.unsubscribe(leaves)

    topic.subscribe(leaves)
    topic.subscribe(lambda: heard.append("told"))
    topic.publish()
    assert heard == ["told"]


def test_what_a_subscriber_fails_of_is_no_secret() -> None:
    topic: Topic[str] = Topic()
    topic.subscribe(int)
    with pytest.raises(ValueError, match="tide"):
        topic.publish("tide")


def test_who_fails_keeps_it_from_nobody_behind_and_no_failure_is_lost() -> None:
    topic: Topic[str] = Topic()
    heard: list[str] = []
    topic.subscribe(int)
    topic.subscribe(heard.append)
    with pytest.raises(ValueError, match="tide"):
        topic.publish("tide")
    assert heard == ["tide"]
    topic.subscribe(float)
    topic.subscribe(heard.append)
    with pytest.raises(ExceptionGroup) as raised:
        topic.publish("ebb")
    assert [str(error).partition(":")[0] for error in raised.value.exceptions] == [
        "invalid literal for int() with base 10",
        "could not convert string to float",
    ]
    assert heard == ["tide", "ebb", "ebb"]


async def test_what_the_deck_is_told_is_drawn_and_said_whoever_fails_of_it() -> None:
    async with opened(2) as here:
        here.deck.topics.gone.subscribe(int)
        with pytest.raises(ValueError, match="s002"):
            here.client.on_gone("s002")
        await here.until(lambda: set(here.deck.tiles) == {"s001"})
        here.deck.topics.notice.subscribe(int)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            here.client.on_notice({"kind": "disk", "message": FULL})
        await here.until(lambda: [n.message for n in here.app._notifications] == [FULL])
