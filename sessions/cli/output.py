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
    """One JSON document, as `json.dumps(data, indent=1)` writes it, in a tenth of the time.

    In ASCII: what steers a terminal can stand in other letters too. A number that JSON does not
    know is null.
    """
    import msgspec

    try:
        told = msgspec.json.encode(data)
    except (TypeError, ValueError, OverflowError):  # lone surrogates, very great numbers
        click.echo(json.dumps(data, indent=1))
        return
    if not told.isascii():
        told = json.dumps(json.loads(told)).encode()
    click.echo(msgspec.json.format(told, indent=1))


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
