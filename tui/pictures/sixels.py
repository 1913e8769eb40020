"""Pictures as sixels, whole or some rows of cells; textual-image encodes (extra `pictures`)."""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

_MANY_COLOURS = 64
"""With fewer they are mixed by dots."""
_BAND = 6
"""Pixels are sent in bands of so many."""
_PARTS = 16
_HEAD = re.compile(r'("[0-9;]*)')
_COLOUR = re.compile(r"(#[0-9]+);2;[0-9]+;[0-9]+;[0-9]+")


class Sixels:
    """A picture of whole cells. `image`: a Pillow image in RGB."""

    def __init__(self, image: Any, columns: int, rows: int, colours: int) -> None:
        from PIL import Image

        self.width, self.height = columns, rows
        self._cell = image.height // rows
        self._colours = colours
        few = colours < _MANY_COLOURS
        mixed = Image.Dither.FLOYDSTEINBERG if few else Image.Dither.NONE
        # The better way to choose them takes a tenth of a second, which only a few are worth.
        way = Image.Quantize.MEDIANCUT if few else Image.Quantize.FASTOCTREE
        made = image.quantize(colours, method=way)
        self._image = image.quantize(colours, palette=made, dither=mixed) if mixed else made
        self._whole = self._encoded(0, rows)
        self._parts: OrderedDict[tuple[int, int], str] = OrderedDict()

    def rows(self, first: int, count: int) -> str:
        """Some of its rows of cells, as the terminal is sent them."""
        if (first, count) == (0, self.height):
            return self._whole
        key = first, count
        if key not in self._parts:
            self._parts[key] = self._encoded(first, count)
            if len(self._parts) > _PARTS:
                self._parts.popitem(last=False)
        return self._parts[key]

    def _encoded(self, first: int, count: int) -> str:
        # Not from the package's front: that asks the terminal, and takes keys for answers.
        from textual_image._sixel import SixelOptions, image_to_sixels

        top = first * self._cell
        # A band that is begun would reach into the row below; what it leaves free is in blocks.
        high = max(_BAND, count * self._cell // _BAND * _BAND)
        part = self._image.crop((0, top, self._image.width, top + high))
        return _colours_first(image_to_sixels(part, SixelOptions(colors=self._colours)))


def _colours_first(said: str) -> str:
    """The colours named before anything is drawn.

    textual-image (0.12) names each where it is used first. xterm (379) then draws what came before
    in other colours than it was told.
    """
    colours: list[str] = []

    def named(found: re.Match[str]) -> str:
        colours.append(found[0])
        return found[1]

    head, size, body = _HEAD.split(said, maxsplit=1)
    body = _COLOUR.sub(named, body)
    return f"{head}{size}{''.join(colours)}{body}"
