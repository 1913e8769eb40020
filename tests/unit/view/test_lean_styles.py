"""The deck's style sheets say what Textual's own would, and are read once."""

from __future__ import annotations

from typing import Any

import pytest
from textual.css.errors import StylesheetError
from textual.css.stylesheet import Stylesheet
from textual.css.tokenizer import TokenError
from textual.dom import DOMNode

from tests.support import textual_once
from tests.support.deckpilot import Opened, opened
from tui.terminal import lean_styles
from tui.terminal.lean_styles import LeanStylesheet
from tui.themes import THEMES


def said(node: DOMNode) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """What a node has of the style sheets, and what its parts have."""
    styles = ((name, node._component_styles[name]) for name in node._get_component_classes())
    parts = {name: dict(of.base._rules) for name, of in styles}
    return dict(node.styles.base._rules), parts


def compared(here: Opened) -> int:
    """How many nodes there are; all have what Textual's own style sheet gives them."""
    ours = here.app.stylesheet
    own = Stylesheet(variables=ours._variables)
    own.source = dict(ours.source)
    own.parse()
    nodes = [n for s in here.app.screen_stack for n in s.walk_children(with_self=True)]
    for node in nodes:
        before = said(node)
        own.apply(node)
        assert said(node) == before, node
    return len(nodes)


async def test_every_widget_has_what_textuals_own_style_sheet_gives_it() -> None:
    async with opened(3) as here:
        here.client.start_turn("s001")
        here.client.ask("s001")
        await here.settle()
        assert compared(here) > 30
        here.deck.set_focus(here.deck.tiles["s002"].view)
        here.deck.tiles["s003"].disabled = True
        await here.settle()
        compared(here)
        here.deck.to_composer()
        await here.resize(90, 30)
        compared(here)
        here.app.theme = next(t.name for t in THEMES if t.name != here.app.theme and not t.dark)
        await here.press("f1")
        await here.until(lambda: here.app.screen is not here.deck)
        await here.settle()
        compared(here)
        await here.press("escape")
        await here.until(lambda: here.app.screen is here.deck)
        compared(here)


async def test_what_has_not_changed_is_not_set_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(2) as here:
        here.app.stylesheet.update(here.deck)  # by now it is known what comes of all rules
        set_anew: list[object] = []
        monkeypatch.setattr(lean_styles, "_set", lambda base, rules: set_anew.append(base.node))
        here.app.stylesheet.update(here.deck)
        first = here.deck.tiles["s001"]  # of the order among others nothing is kept in mind
        assert set_anew in ([], [first.styles.base.node])
        here.deck.toggle_class("-empty")
        here.app.stylesheet.update(here.deck)
        assert set_anew


def test_what_has_not_changed_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[object] = []

    def parse(scope: str, css: str, read_from: object, **how: Any) -> list[Any]:
        read.append(read_from)
        return []

    monkeypatch.setattr("textual.css.stylesheet.parse", parse)
    monkeypatch.setattr(Stylesheet, "parse", textual_once.parse)
    monkeypatch.setattr(Stylesheet, "_parse_rules", textual_once.parse_rules)
    sheets = LeanStylesheet(variables={"panel": "red"})
    for number in range(200):
        sheets.add_source("Grid { width: 1; }", (f"{number}.tcss", ""))
    sheets.parse()
    sheets.add_source("Grid { width: 2; }", ("one more.tcss", ""))
    sheets.reparse()
    sheets.parse()
    assert len(read) == 201
    sheets.set_variables({"panel": "blue"})
    sheets.reparse()
    assert len(read) == 402


def test_sheets_that_are_wrong_change_nothing() -> None:
    sheets = LeanStylesheet()
    sheets.add_source("Grid { width: 1; }", ("right.tcss", ""))
    rules = sheets.rules
    sheets.add_source("Grid { width: ", ("wrong.tcss", ""))
    with pytest.raises((StylesheetError, TokenError)):
        sheets.reparse()
    assert sheets._rules is rules
