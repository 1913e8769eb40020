"""Rows of usage as what is plotted and listed: values, scales, days without gaps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tui.words.text import cost, one_line, tokens

if TYPE_CHECKING:
    from sessions.api.answers import UsageRow

BY = ("day", "model", "backend", "profile", "session")
MEASURES = ("tokens", "cost", "cache", "turns", "waited")
SERIES = ("from the cache", "read anew", "written")
"""What tokens are: what went in, once paid before and once not, and the answers."""
_MOST_BARS = 60
_STEPS = (1, 2, 2.5, 5, 10)


@dataclass(frozen=True, slots=True)
class Bars:
    """Names, values of each series for every name, and a scale of (value, words) from 0 on."""

    names: tuple[str, ...]
    series: tuple[tuple[float, ...], ...]
    ticks: tuple[tuple[float, str], ...]


def all_tokens(row: UsageRow) -> int:
    """Whatever went in and came out."""
    return row["input"] + row["cache_write"] + row["cache_read"] + row["output"]


def in_order(rows: Sequence[UsageRow], by: str, measure: str) -> list[UsageRow]:
    """Days as they were, the newest first; others by what is looked at, the largest first."""
    if by == "day":
        return list(reversed(rows))
    return sorted(rows, key=lambda row: sum(_values(row, measure)), reverse=True)


def bars(rows: Sequence[UsageRow], by: str, measure: str) -> Bars:
    """What a plot of these rows shows; the rows in the order that `in_order` gives."""
    if by == "day":
        names, values = _of_days(rows, measure)
    else:
        names = [name_of(row, by) for row in rows]
        values = [_values(row, measure) for row in rows]
    series = tuple(zip(*values, strict=True))
    most = max((sum(value) for value in values), default=0.0)
    return Bars(tuple(names), series, scale(most, measure))


def name_of(row: UsageRow, by: str) -> str:
    """What a row is called; where nothing was set, that."""
    if by == "session" and (title := row.get("title")):
        return one_line(title)
    return one_line(str(row.get(by) or f"no {by}"))


def _values(row: UsageRow, measure: str) -> tuple[float, ...]:
    if measure == "tokens":
        return row["cache_read"], row["input"] + row["cache_write"], row["output"]
    if measure == "cost":
        return (row["cost_usd"] or 0.0,)
    if measure == "cache":
        return (100 * (row["cache_share"] or 0.0),)
    return (float(row["turns"]),) if measure == "turns" else (row["waited_s"] / 60,)


def _of_days(rows: Sequence[UsageRow], measure: str) -> tuple[list[str], list[tuple[float, ...]]]:
    """Every day between the first and the last, also those on which nothing was done.

    Where these are too many for a bar each, one stands for several days; of a share it is theirs
    together.
    """
    dated: dict[date, UsageRow] = {}
    for row in rows:
        try:
            dated[date.fromisoformat(row.get("day", ""))] = row
        except ValueError:
            continue  # a record whose times can't be read
    if not dated:
        return [], []
    first, last = min(dated), max(dated)
    days = (last - first).days + 1
    each = -(-days // _MOST_BARS)
    names, values = [], []
    for end in range((days - 1) % each, days, each):
        span = (first + timedelta(end - n) for n in range(each))
        within = [dated[day] for day in span if day in dated]
        names.append((first + timedelta(end)).strftime("%d %b"))
        values.append(_values(together(within), measure))
    return names, values


def together(rows: Sequence[UsageRow]) -> UsageRow:
    """The sum of rows."""
    read = sum(row["cache_read"] for row in rows)
    anew = sum(row["input"] + row["cache_write"] for row in rows)
    known = [usd for row in rows if (usd := row["cost_usd"]) is not None]
    return {
        "turns": sum(row["turns"] for row in rows),
        "input": sum(row["input"] for row in rows),
        "output": sum(row["output"] for row in rows),
        "cache_read": read,
        "cache_write": sum(row["cache_write"] for row in rows),
        "cost_usd": sum(known) if known else None,
        "unpriced": sum(row["unpriced"] for row in rows),
        "cache_share": read / (read + anew) if read + anew else None,
        "waited_s": sum(row["waited_s"] for row in rows),
    }


def scale(most: float, measure: str) -> tuple[tuple[float, str], ...]:
    """Round values from 0 to at least `most`, and how each is written."""
    whole = measure in ("tokens", "turns")
    most = max(most, 1.0) if whole or most <= 0 else most
    power = 10.0 ** math.floor(math.log10(most)) / 10
    steps = (step * size for size in (power, 10 * power) for step in _STEPS)
    step = next(s for s in steps if s * 5 >= most and (not whole or (s >= 1 and s == int(s))))
    count = int(-(-most // step))
    return tuple((n * step, _written(n * step, measure)) for n in range(count + 1))


def _written(value: float, measure: str) -> str:
    if measure == "tokens":
        return tokens(round(value))
    if measure == "cost":
        return f"${value:g}"
    if measure == "cache":
        return f"{value:g} %"
    return f"{value:g}" if measure == "turns" else f"{value:g} min"


def told(row: UsageRow, measure: str) -> str:
    """A row's figure in the list."""
    if measure == "tokens":
        return tokens(all_tokens(row))
    if measure == "cost":
        return _price(row)
    if measure == "cache":
        share = row["cache_share"]
        return "–" if share is None else f"{share:.0%}"
    return f"{row['turns']:,}" if measure == "turns" else waiting(row["waited_s"])


def _price(row: UsageRow) -> str:
    usd, unpriced = row["cost_usd"], row["unpriced"]
    if usd is None:
        return "unknown" if unpriced else "–"
    return cost(usd) + (" +" if unpriced else "")


def waiting(seconds: float) -> str:
    """A time as a person says it; "–" for none."""
    if seconds < 1:
        return "–"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02}"
    return f"{minutes} min" if minutes else f"{rest} s"
