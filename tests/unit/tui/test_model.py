"""What is in view, and what is next."""

from sessions.summary import Summary
from tui.model import KEPT_TRANSCRIPTS, DeckModel


def deck(count: int, capacity: int = 4, **statuses: str) -> DeckModel:
    model = DeckModel()
    model.capacity = capacity
    for number in range(1, count + 1):
        session_id = f"s{number:03}"
        model.put(Summary(session_id, status=statuses.get(session_id, "idle")))
    return model


def test_the_page_with_the_current_tile_is_in_view() -> None:
    model = deck(10)
    model.go("s006")
    assert model.visible() == ["s005", "s006", "s007", "s008"]
    assert (model.page, model.pages) == (1, 3)


def test_zoom_shows_the_current_tile_alone() -> None:
    model = deck(10)
    model.go("s006")
    model.zoomed = True
    assert model.visible() == ["s006"]


def test_a_closed_session_leaves_and_its_neighbour_is_current() -> None:
    model = deck(3)
    model.go("s002")
    model.put(Summary("s002", closed=True))
    assert model.order == ["s001", "s003"]
    assert model.current == "s003"


def test_closing_the_last_tile_leaves_nothing_current() -> None:
    model = deck(1)
    model.put(Summary("s001", archived=True))
    assert model.current is None
    assert model.visible() == []


def test_the_next_that_needs_you_is_the_most_urgent_after_the_current() -> None:
    model = deck(5, s001="done", s003="failed", s004="needs-you", s005="needs-you")
    model.go("s004")
    assert model.next_needing() == "s005"
    model.go("s005")
    assert model.next_needing() == "s004"


def test_nothing_is_next_when_only_the_current_one_needs_you() -> None:
    model = deck(2, s001="needs-you")
    assert model.next_needing() is None


def test_a_comparison_ends_when_one_of_the_two_is_closed() -> None:
    model = deck(3)
    model.pinned = ("s001", "s002")
    model.put(Summary("s002", closed=True))
    assert model.pinned == ()


def test_reconnecting_forgets_what_is_gone_and_keeps_the_rest() -> None:
    model = deck(3)
    model.go("s002")
    kept = model.of("s002")
    model.reset([Summary("s002"), Summary("s003")])
    assert model.order == ["s002", "s003"]
    assert model.current == "s002"
    assert model.live["s002"] is kept


def test_transcripts_out_of_view_are_kept_up_to_a_limit() -> None:
    model = deck(KEPT_TRANSCRIPTS + 20)
    for session_id in model.order:
        model.of(session_id)
    assert len(model.live) == KEPT_TRANSCRIPTS


def test_the_order_can_be_changed_up_to_its_ends() -> None:
    model = deck(3)
    model.move(1)
    assert model.order == ["s002", "s001", "s003"]
    model.move(9)
    assert model.order == ["s002", "s003", "s001"]
