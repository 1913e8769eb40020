"""What was primed in this session before, and what came of it."""

from __future__ import annotations

from tui.panels.prime.state import JSON
from tui.text import one_line
from tui.view.gauge import gauge_words
from tui.widgets.rows import Row

_CHOSE = {"user": "as you chose ", "deck": "as ticked ", "nobody": "with nobody there "}


def past_rows(past: list[JSON]) -> list[Row]:
    """The session's primings, newest first."""
    return [_row(each) for each in past]


def _row(past: JSON) -> Row:
    sent = sum(len(i["items"]) for i in past["injected"])
    chose = _CHOSE.get(past["injected"][-1].get("by", ""), "") if sent else ""
    gauge = past["gauge"] or {}
    uptake = gauge.get("uptake") or {}
    came = f"uptake {uptake.get('taken', 0)}/{uptake.get('of', 0)} " if gauge else ""
    terms = ", ".join(str(i["term"]) for entry in past["injected"] for i in entry["items"])
    return Row(
        past["id"],
        (
            (f"{past['kind']} ", "bold"),
            (f"seed {past['seed']} ", "$text-muted"),
            (f"{sent} sent {chose}" if sent else "not sent ", "" if sent else "$text-muted"),
            (came, "$text-accent"),
            (one_line(terms), "$text-muted"),
        ),
    )


def word_lists(gauge: JSON) -> str:
    """The word lists behind the gauge, each with what it is."""
    uptake = gauge.get("uptake") or {}
    lists = (
        ("new: in the replies since, neither in what was said before nor injected", "new_terms"),
        ("echo: in the replies since, but brought in by the injection", "echo_terms"),
        (f"taken up: {uptake.get('taken', 0)} of {uptake.get('of', 0)} injected terms", "taken_up"),
    )
    parts = [gauge_words(gauge)]
    before, after = gauge.get("before") or {}, gauge.get("after") or {}
    if before.get("pull") is not None and after.get("pull") is not None:
        parts[0] += (
            f"\nsecond opinion: what was said before saves {100 * before['pull']:.0f} % → "
            f"{100 * after['pull']:.0f} % of a turn's compressed size"
        )
    for told, name in lists:
        parts.append(f"{told}\n  {', '.join(gauge.get(name) or ()) or '-'}")
    parts.append(
        "Gravity is 100 × (1 - the share of new terms among a turn's first 60 content words), "
        "the mean of three turns on each side. It says that the words differ, not that the ideas "
        "are better: the blind comparison (c) asks that."
    )
    return "\n\n".join(parts)
