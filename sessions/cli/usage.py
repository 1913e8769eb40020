"""`agentdeck usage`: what sessions took."""

from __future__ import annotations

from datetime import datetime

import click

from sessions.archive import usage_totals
from sessions.cli.output import CONTEXT, say, say_json, table
from sessions.errors import AgentdeckError
from sessions.paths import places

_DAY = click.DateTime(["%Y-%m-%d"])


@click.command(context_settings=CONTEXT)
@click.option("--by", multiple=True, type=click.Choice(usage_totals.BY), metavar="NAME",
              help="Sums by day, model, backend, profile or session; several for each "
              "combination. Default: a table each of days, models and backends.")  # fmt: skip
@click.option("--since", type=_DAY, metavar="DAY", help="From this day on (2026-11-28).")
@click.option("--until", type=_DAY, metavar="DAY", help="Up to this day.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def usage(
    by: tuple[str, ...], since: datetime | None, until: datetime | None, as_json: bool
) -> None:
    """Show tokens, cost, turns and the time that sessions waited for you.

    Read from the records of all sessions, archived ones too; days are those of this machine's
    clock. With --json: the sums by day, model, backend, profile and session, and the total; with
    --by the rows alone.
    """
    if since and until and since > until:
        raise click.UsageError("--since is after --until.")
    turns = list(
        usage_totals.everything(
            places().sessions, since.date() if since else None, until.date() if until else None
        )
    )
    total = next(iter(usage_totals.grouped(turns, ())), usage_totals.Usage())
    if as_json and by:
        say_json(_told(usage_totals.grouped(turns, by)))
    elif as_json:
        told = {name: _told(usage_totals.grouped(turns, (name,))) for name in usage_totals.BY}
        say_json({**told, "total": total.to_json()})
    elif not turns:
        say("No turn has ended" + (" in these days." if since or until else " yet."))
    else:
        for names in [by] if by else [("day",), ("model",), ("backend",)]:
            _table(names, usage_totals.grouped(turns, names))
        _table((), [total])


def _told(rows: list[usage_totals.Usage]) -> list[dict[str, object]]:
    titles = _titles(rows)
    told: list[dict[str, object]] = []
    for row in rows:
        title = titles.get(row.of.get("session", ""))
        told.append({**row.to_json(), **({"title": title} if title else {})})
    return told


def _titles(rows: list[usage_totals.Usage]) -> dict[str, str]:
    """What the sessions of these rows are called; nothing where the index can't say it now."""
    sessions = {row.of["session"] for row in rows if row.of.get("session")}
    if not sessions:
        return {}
    import sqlite3

    from sessions.cli.session_index import index

    try:
        with index() as known:
            return known.titles(sessions)
    except (AgentdeckError, OSError, sqlite3.Error):
        return {}


def _table(by: tuple[str, ...], rows: list[usage_totals.Usage]) -> None:
    heads = [*by, "turns", "input", "output", "from cache", "cached", "cost", "waited"]
    cells = [[*(row.of[name] or "-" for name in by), *_figures(row)] for row in rows]
    if not by:
        heads, cells = ["total", *heads], [["", *row] for row in cells]
    if "session" in by:  # by an id alone nobody knows one again
        titles = _titles(rows)
        heads = [*heads, "title"]
        cells = [
            [*told, titles.get(row.of["session"], "")]
            for told, row in zip(cells, rows, strict=True)
        ]
    table(cells, heads)
    say("")


def _figures(row: usage_totals.Usage) -> list[str]:
    cost = "unknown" if row.cost_usd is None and row.unpriced else f"${row.cost_usd or 0:.2f}"
    if row.cost_usd is not None and row.unpriced:
        cost += " +"  # turns whose price is not known
    share = row.cache_share
    return [
        f"{row.turns:,}",
        f"{row.tokens['input'] + row.tokens['cache_write']:,}",
        f"{row.tokens['output']:,}",
        f"{row.tokens['cache_read']:,}",
        "" if share is None else f"{share:.0%}",
        cost,
        _long(row.waited_s),
    ]


def _long(seconds: float) -> str:
    if seconds < 1:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
