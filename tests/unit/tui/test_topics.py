"""What is told of a topic: everybody who has subscribed hears it, and nobody else."""

import pytest

from tui.deck.topics import Topic


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
