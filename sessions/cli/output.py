"""What commands print: JSON where it is asked for, plain tables otherwise, nothing that steers
the terminal."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import click

from sessions.safety.sanitise import clean, clean_line

CONTEXT = {"help_option_names": ["-h", "--help"]}


def say(text: str) -> None:
    """A line of our own words and foreign ones, made safe."""
    click.echo(clean(text))


def say_json(data: Any) -> None:
    """One JSON document."""
    from sessions.record.indented_json import indented

    click.echo(indented(data))


def say_line(data: Any) -> None:
    """One JSON object on a line of its own, for streams."""
    click.echo(json.dumps(data, separators=(",", ":")))


def table(rows: Sequence[Sequence[str]], heads: Sequence[str]) -> None:
    """Columns as wide as they need to be; the last one takes what is left."""
    if not rows:
        return
    cells = [[clean_line(cell) for cell in row] for row in rows]
    widths = [max(len(head), *(len(r[n]) for r in cells)) for n, head in enumerate(heads)]
    for row in [list(heads), *cells]:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        click.echo(line.rstrip())
