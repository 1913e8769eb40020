"""What was primed in this session before, and what came of it."""

from __future__ import annotations

from sessions.api.priming import PrimingGauge, PrimingGaugeSide, PrimingPast, PrimingUptake
from tui.view.priming_gauge import gauge_words
from tui.widgets.rows import Row
from tui.words.text import one_line

_CHOSE = {"user": "as you chose ", "deck": "as ticked ", "nobody": "with nobody there "}


def past_rows(past: list[PrimingPast]) -> list[Row]:
    """The session's primings, newest first."""
    return [_row(each) for each in past]


def _row(past: PrimingPast) -> Row:
    sent = sum(len(i["items"]) for i in past["injected"])
    chose = _CHOSE.get(past["injected"][-1]["by"], "") if sent else ""
    uptake = _uptake(past["gauge"])
    came = f"uptake {uptake['taken']}/{uptake['of']} " if past["gauge"] else ""
    terms = ", ".join(i["term"] for entry in past["injected"] for i in entry["items"])
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


def word_lists(gauge: PrimingGauge) -> str:
    """The word lists behind the gauge, each with what it is."""
    uptake = _uptake(gauge)
    new, echo = gauge.get("new_terms", []), gauge.get("echo_terms", [])
    taken = gauge.get("taken_up", [])
    lists = (
        ("new: in the replies since, neither in what was said before nor injected", new),
        ("echo: in the replies since, but brought in by the injection", echo),
        (f"taken up: {uptake['taken']} of {uptake['of']} injected terms", taken),
    )
    parts = [gauge_words(gauge)]
    before, after = _pull(gauge.get("before")), _pull(gauge.get("after"))
    if before is not None and after is not None:
        parts[0] += (
            f"\nsecond opinion: what was said before saves {100 * before:.0f} % → "
            f"{100 * after:.0f} % of a turn's compressed size"
        )
    for told, terms in lists:
        parts.append(f"{told}\n  {', '.join(terms) or '-'}")
    parts.append(
        "Gravity is 100 × (1 - the share of new terms among a turn's first 60 content words), "
        "the mean of three turns on each side. It says that the words differ, not that the ideas "
        "are better: the blind comparison (c) asks that."
    )
    return "\n\n".join(parts)


def _uptake(gauge: PrimingGauge) -> PrimingUptake:
    return gauge.get("uptake") or {"taken": 0, "of": 0}


def _pull(side: PrimingGaugeSide | None) -> float | None:
    return side["pull"] if side else None
