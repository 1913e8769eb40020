"""What is in view, and what is next."""

from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from tui.deck.model import KEPT_TRANSCRIPTS, DeckModel


def deck(count: int, capacity: int = 4, **statuses: Status) -> DeckModel:
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


def test_a_session_is_named_by_its_number_and_title_and_without_a_tile_by_what_is_known() -> None:
    model = DeckModel()
    model.put(Summary("s001", title="a tide"))
    model.put(Summary("s002", title="a lamp", aside=True))
    names = [model.name_of(i) for i in ("s001", "s002", "0123456789")]
    assert names == ["1 a tide", "a lamp", "456789"]


def test_the_first_tile_with_a_status_is_found() -> None:
    model = deck(3, s002="failed", s003="failed")
    assert (model.first_that_is("failed"), model.first_that_is("paused")) == ("s002", "")


def test_only_the_current_tile_s_end_of_turn_is_there_to_be_seen() -> None:
    model = deck(2, s002="done")
    assert model.unseen() == ""
    model.go("s002")
    assert model.unseen() == "s002"


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


def test_all_that_need_somebody_are_visited_once_a_round_the_oldest_first() -> None:
    model = deck(1)
    at = {"s002": "05", "s003": "02", "s004": "04", "s005": "03"}
    states: dict[str, Status] = {
        "s002": "needs-you",
        "s003": "failed",
        "s004": "paused",
        "s005": "needs-you",
    }
    for session_id, status in states.items():
        model.put(Summary(session_id, status=status, updated=at[session_id]))
    round_ = []
    for _ in range(8):
        wanted = model.next_needing()
        assert wanted is not None
        model.visit(wanted)
        model.go(wanted)
        round_.append(wanted)
    assert round_ == ["s003", "s005", "s004", "s002"] * 2


def test_what_comes_to_need_somebody_within_a_round_is_visited_in_it() -> None:
    model = deck(4)
    for session_id in ("s001", "s002"):
        model.put(Summary(session_id, status="failed", updated=session_id))
    model.go("s001")
    model.visit("s002")
    model.go("s002")
    model.put(Summary("s003", status="done", updated="s003"))
    assert model.next_needing() == "s003"
    # More of the same turn is no new need; a new one is.
    model.put(Summary("s002", status="failed", updated="later"))
    assert model.needing() == ["s001", "s002", "s003"]


def test_nothing_is_next_when_only_the_current_one_needs_you() -> None:
    model = deck(2, s001="needs-you")
    assert model.next_needing() is None


def test_a_comparison_ends_when_one_of_the_two_is_closed() -> None:
    model = deck(3)
    model.pinned = ("s001", "s002")
    model.put(Summary("s002", closed=True))
    assert not model.pinned


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


def test_a_sub_session_stands_behind_its_parent_and_its_kin() -> None:
    model = DeckModel()
    for name in ("a", "b"):
        model.put(Summary(name))
    for name in ("a1", "a2"):
        model.put(Summary(name, parent={"id": "a", "seq": 0, "call": "c"}))
    model.put(Summary("fork", parent={"id": "a", "seq": 3}))
    assert model.order == ["a", "a1", "a2", "b", "fork"]
    model.put(Summary("a1x", parent={"id": "a1", "seq": 0, "call": "c"}))
    model.put(Summary("a3", parent={"id": "a", "seq": 0, "call": "c"}))
    assert model.order == ["a", "a1", "a1x", "a2", "a3", "b", "fork"]
    model.put(Summary("a1", closed=True, parent={"id": "a", "seq": 0, "call": "c"}))
    model.recall(["b", "gone", "a"])
    assert model.order == ["b", "a", "a2", "a3", "a1x", "fork"]
    model.put(Summary("a1", parent={"id": "a", "seq": 0, "call": "c"}))
    assert model.order == ["b", "a", "a2", "a3", "a1", "a1x", "fork"]
