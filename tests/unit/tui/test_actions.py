"""The registry of actions."""

import inspect
from pathlib import Path

import pytest

from sessions.errors import UsageError
from tui import actions as registry
from tui.deck.interfaces import ForPanels
from tui.deck.screen import DeckScreen

EXPECTED = {
    "new": "ctrl+n", "next_needing": "ctrl+j", "zoom": "ctrl+z", "broadcast": "ctrl+b",
    "fork": "ctrl+k", "interrupt": "escape", "palette": "ctrl+p", "search": "ctrl+f",
    "leave": "ctrl+q", "help": "f1", "tile_1": "alt+1", "tile_9": "alt+9",
}  # fmt: skip


@pytest.mark.parametrize("name", EXPECTED)
def test_the_keys_of_the_design_do_what_it_says(name: str) -> None:
    assert EXPECTED[name] in registry.actions()[name].keys


def test_no_key_does_two_things() -> None:
    keys = [key for spec in registry.actions().values() for key in spec.keys]
    assert sorted(keys) == sorted(set(keys))


def test_every_action_says_what_it_does() -> None:
    for spec in registry.actions().values():
        assert spec.help.endswith("."), spec.name


def test_an_action_is_given_what_it_needs_of_the_deck_and_not_its_screen() -> None:
    """That the deck's screen is what they name, mypy sees where the screen calls them."""
    for spec in registry.actions().values():
        asked = [spec.run, spec.when, *([spec.footer] if callable(spec.footer) else [])]
        for each in asked:
            (deck,) = inspect.signature(each).parameters.values()
            assert each.__name__ == "<lambda>" or deck.annotation != "DeckScreen", (spec.name, each)


def test_a_second_key_stays_where_terminals_take_the_first() -> None:
    """ctrl+b is tmux's prefix, ctrl+z and ctrl+q mean something to some terminals."""
    for name in ("broadcast", "zoom", "next_needing", "new", "palette", "search"):
        assert len(registry.actions()[name].keys) > 1


def test_an_unknown_name_in_the_configuration_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="broadcast"):
        registry.keymap({"brodcast": ("f9",)})


def test_a_key_that_the_user_gives_is_lost_by_the_action_that_had_it() -> None:
    zoom, help_ = registry.actions()["zoom"], registry.actions()["help"]
    changed = {"new": ("ctrl+z", *help_.keys)}
    kept = tuple(key for key in zoom.keys if key != "ctrl+z")
    assert registry.keymap(changed) == {
        "new": ",".join(changed["new"]),
        "zoom": ",".join(kept),
        "help": "unbound_help",
    }
    assert registry.keys_of(zoom, changed) == kept
    assert registry.keys_of(help_, changed) == ()


def test_a_key_that_is_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="zoom"):
        registry.keymap({"new": ("f12",), "zoom": ("f12",)})


def test_two_actions_may_change_places() -> None:
    changed = {"new": ("ctrl+z",), "zoom": ("ctrl+n",)}
    assert registry.keymap(changed) == {"new": "ctrl+z", "zoom": "ctrl+n"}


def test_the_document_of_keys_is_the_registry() -> None:
    """Write it anew with `python -m tui.actions > docs/keys.md`."""
    path = Path(__file__).parents[3] / "docs" / "keys.md"
    assert path.read_text() == registry.as_markdown()


def what_panels_need(deck: DeckScreen) -> ForPanels:
    """Panels take any screen for it; that the deck's has all of it, mypy sees here."""
    return deck
