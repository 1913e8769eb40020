"""What lines and frames say, as text."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from sessions.record.closed_sets import Status
from sessions.record.summary import Summary
from sessions.record.summary_parts import RetryWait
from sessions.runtime.queued_message import Queued
from tui.deck.edge_lines import FooterKey, footer_spots, status_spots, tab_spots
from tui.deck.model import DeckModel
from tui.deck.tile import foot_of, head_of, seconds_left
from tui.screens.settings.items import shown_value
from tui.widgets import permission_detail
from tui.widgets.clickable_line import ClickableSpot
from tui.words.text import (
    clip,
    cost,
    fitting,
    in_file_name,
    one_line,
    plain,
    size,
    title_of,
    tokens,
)

NOW = datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


def words(spots: list[ClickableSpot]) -> str:
    return "".join(spot.text for spot in spots)


def test_the_head_names_number_title_and_status() -> None:
    head = head_of(Summary("a", title="auth", status="needs-you"), 3, 60).plain
    assert head.startswith("3 auth")
    assert "needs-you" in head


@pytest.mark.parametrize("width", [20, 30, 40, 80])
@pytest.mark.parametrize("title", ["a" * 200, "漢字" * 60, "👩‍👩‍👧‍👧" * 30])
def test_a_long_title_is_cut_and_the_status_is_not(width: int, title: str) -> None:
    head = head_of(Summary("a", title=title, status="working"), 12, width).plain
    assert "working" in head
    assert cell_len(head) <= width + 1


def test_the_foot_says_retry_first() -> None:
    at = (NOW - timedelta(seconds=3)).isoformat().replace("+00:00", "Z")
    retry: RetryWait = {"kind": "overloaded", "wait_s": 10.0, "attempt": 2, "at": at}
    waits = Queued("more").to_json()
    summary = Summary("a", model="m", retry=retry, queue=[waits] * 2, tokens={"input": 1200})
    foot = foot_of(summary, 80, NOW).plain
    assert foot == "overloaded: retry in 7 s · 2 queued · 1.2k tokens · m"


def test_of_a_server_that_was_told_no_model_the_foot_says_its_name() -> None:
    summary = Summary("a", model="default", backend="lab")
    assert foot_of(summary, 80, NOW).plain == "lab"


def test_a_due_retry_counts_no_further_than_zero() -> None:
    retry: RetryWait = {"kind": "", "wait_s": 5, "attempt": 1, "at": "2026-11-23T09:00:00Z"}
    assert seconds_left(retry, NOW) == 0


def test_a_broken_retry_is_no_countdown() -> None:
    retry: RetryWait = {"kind": "", "wait_s": 5, "attempt": 1, "at": "soon"}
    assert seconds_left(retry, NOW) is None


def test_a_title_with_markup_and_escapes_is_plain_text() -> None:
    summary = Summary("a", title="[@click=app.quit]x[/] \x1b]52;c;AAAA\x07 [/")
    content = head_of(summary, 1, 80)
    assert "[@click=app.quit]x[/]" in content.plain
    assert "\x1b" not in content.plain
    assert not any("click" in str(getattr(s.style, "meta", "")) for s in content.spans)


def test_without_a_title_the_first_words_stand_for_it() -> None:
    assert title_of(Summary("a", about="fix\nthe   bug", snippet="done")) == "fix the bug"


def model(count: int, **changes: Any) -> DeckModel:
    made = DeckModel()
    for number in range(1, count + 1):
        made.put(Summary(f"s{number:03}", title=f"task {number}", **changes))
    return made


def test_the_status_line_counts_what_needs_you_first() -> None:
    deck = model(3)
    deck.summaries["s002"].status = "needs-you"
    deck.summaries["s003"].cost_usd = 1.5
    said = words(status_spots(deck, 120, ""))
    assert said.index("1 needs-you") < said.index("2 idle") < said.index("$1.50")


@pytest.mark.parametrize("width", [20, 40, 60])
def test_a_narrow_status_line_says_that_there_is_more(width: int) -> None:
    deck = model(4)
    states: list[Status] = ["needs-you", "failed", "working"]
    for number, status in enumerate(states, 1):
        deck.summaries[f"s00{number}"].status = status
    said = words(status_spots(deck, width, ""))
    assert cell_len(said) <= width
    assert said.endswith("…")


def test_tabs_say_how_many_are_on_each_side() -> None:
    deck = model(30)
    deck.go("s015")
    said = words(tab_spots(deck, 80))
    assert "15 " in said
    assert "‹" in said
    assert "›" in said
    assert cell_len(said) <= 80


def test_the_footer_keeps_help_and_palette_when_room_is_short() -> None:
    entries = [FooterKey("ctrl+n", "new", "new", "a"), FooterKey("ctrl+k", "fork", "fork", "a")]
    tail = [FooterKey("f1", "help", "help", "z"), FooterKey("ctrl+p", "all", "palette", "z")]
    said = words(footer_spots(entries + tail, 34, str))
    assert "help" in said
    assert "all" in said
    assert "fork" not in said


def test_a_narrow_footer_has_new_beside_what_waits() -> None:
    entries = [FooterKey("^j", "needs you", "next_needing", "now"),
               FooterKey("f8", "inbox", "inbox", "now"),
               FooterKey("^n", "new", "new", "Sessions", keep=True)]  # fmt: skip
    tail = [FooterKey("f1", "help", "help", "d"), FooterKey("^p", "all", "palette", "d")]
    said = words(footer_spots(entries + tail, 40, str))
    assert "inbox" in said and "new" in said and cell_len(said) <= 40
    assert "needs you" in words(footer_spots(entries + tail, 80, str))


def test_the_footer_has_keys_of_a_kind_side_by_side() -> None:
    kinds = (("n", "new", "s"), ("z", "zoom", "v"), ("k", "fork", "s"), ("q", "leave", "d"))
    entries = [FooterKey(key, word, word, kind) for key, word, kind in kinds]
    tail = [FooterKey("f1", "help", "help", "d"), FooterKey("^p", "all", "palette", "d")]
    said = words(footer_spots(entries + tail, 120, str))
    assert said == " n new  k fork  │ z zoom  │ q leave  f1 help  ^p all "


def test_figures() -> None:
    assert [tokens(n) for n in (950, 12_340, 1_200_000)] == ["950", "12.3k", "1.2M"]
    assert [cost(c) for c in (0.0, 0.004, 1.234)] == ["$0.00", "<$0.01", "$1.23"]
    assert size(102_400) == "100 KB"


def test_cut_text_says_so() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("漢字漢字", 5) == "漢字…"
    assert clip("abc", 3) == "abc"


def test_foreign_text_loses_its_control_codes() -> None:
    assert "\x1b" not in one_line("a\x1b[2Jb\nc")
    assert "\x9b" not in plain("a\x9b2J").plain


def test_the_foot_says_that_an_agent_starts_while_it_does() -> None:
    summary = Summary("a", status="working", backend="opencode", agent={"starting": "OpenCode"})
    assert foot_of(summary, 80, NOW).plain == "starting OpenCode… · opencode"
    summary.status = "failed"
    assert foot_of(summary, 80, NOW).plain == "opencode"
    waits = Summary("a", status="working", backend="own", agent={"servers": "the MCP server x"})
    assert foot_of(waits, 80, NOW).plain == "starting the MCP server x… · own"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "/w/a.py\n\n--- /w/a.py\n+++ /w/a.py\n@@ -1 +1 @@\n-x\n+y",
            "/w/a.py\n@@ -1 +1 @@\n-x\n+y",
        ),
        (
            "/w/a.py\n\n--- /w/b.py\n+++ /w/b.py\n@@ -1 +1 @@",
            "/w/a.py\n\n--- /w/b.py\n+++ /w/b.py\n@@ -1 +1 @@",
        ),
        # What is taken out and put in is never left out, whatever it looks like.
        (
            "/w/a.py\n@@ -1 +1 @@\n--- /w/a.py\n+++ /w/a.py",
            "/w/a.py\n@@ -1 +1 @@\n--- /w/a.py\n+++ /w/a.py",
        ),
    ],
)
def test_a_diff_that_is_asked_about_names_its_file_once(text: str, told: str) -> None:
    assert permission_detail.detail(text, "diff").plain == told


@pytest.mark.parametrize(
    ("cells", "told"),
    [(40, "enter sends · more · last"), (20, "enter sends · more"), (4, "enter sends")],
)
def test_a_hint_leaves_out_whole_parts(cells: int, told: str) -> None:
    assert fitting("enter sends · more · last", cells) == told


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (40, "enter goes · more · esc leaves"),
        (28, "enter goes · esc leaves"),
        (4, "enter goes · esc leaves"),
    ],
)
def test_a_dialogs_hint_keeps_the_way_out(cells: int, told: str) -> None:
    assert fitting("enter goes · more · esc leaves", cells, last=True) == told


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("What is a mean?", "what-is-a-mean"),
        ("../a\x1b[2J/b", "a-2j-b"),
        ("", ""),
        ("Über 漢字", "über-漢字"),
    ],
)
def test_a_title_names_a_file(title: str, name: str) -> None:
    assert in_file_name(title) == name


def test_a_secret_that_is_set_is_told_to_be() -> None:
    secret: Any = {"kind": "secret", "value": "…"}
    assert shown_value(secret) == "set"
    assert shown_value({**secret, "value": ""}) == "–"
