"""The rows of the settings: sections that fold, and their keys; found by what they say."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sessions.api.answers import SettingShown, SettingsSection
from tui import actions as registry
from tui.terminal import glyphs
from tui.widgets.rows import Row
from tui.words import synonyms
from tui.words.key_names import show_key
from tui.words.text import clip, in_column, one_line

HEAD = "§"
_ALIKE = 75
_NARROW = 56
_TELLING = ("type", "backend", "model", "base_url", "command", "url", "ssh")
"""Of what has a name of the user's: the keys that say what it is."""
# In a row `$text-muted`, which takes after what is behind it, comes out white.
GREY = "$foreground 60%"


@dataclass(frozen=True, slots=True)
class SettingItem:
    """A row: a section's head (no `setting`), or a key of it."""

    key: str
    section: SettingsSection
    setting: SettingShown | None = None

    @property
    def name(self) -> str:
        """As it is written in the file."""
        return ".".join(self.setting["keys"] if self.setting else self.section["keys"])


def with_keys(
    sections: Sequence[SettingsSection], changed: Mapping[str, tuple[str, ...]]
) -> list[SettingsSection]:
    """The same with a row for every action's keys. `changed`: those that are in force."""
    found: list[SettingsSection] = []
    for section in sections:
        if section["keys"] == ["keys"]:
            given = {s["keys"][1]: s for s in section["settings"]}
            rows = [_of_action(spec, given, changed) for spec in registry.actions().values()]
            section = {**section, "settings": rows}
        found.append(section)
    return sorted(found, key=lambda section: section["named"])


def _of_action(
    spec: registry.Action, given: Mapping[str, SettingShown], changed: Mapping[str, tuple[str, ...]]
) -> SettingShown:
    own = given.get(spec.name)
    default = " ".join(spec.keys)
    taken = " ".join(registry.keys_of(spec, changed))
    return {
        "keys": ["keys", spec.name],
        "words": f"{spec.title}. {spec.help}",
        "kind": "key",
        "value": own["value"] if own else taken,
        "default": default,
        "source": own["source"] if own else "default" if taken == default else "what is left",
        "ours": own is not None,
        "choices": [],
        "force": "at once",
    }


def items(
    sections: Sequence[SettingsSection], opened: set[str], terms: Sequence[str]
) -> Iterator[SettingItem]:
    """What is shown: what was opened, or, where something is looked for, all that has it, or
    else what is written much like it."""
    if terms:
        yield from _found(sections, terms, _has) or _found(sections, terms, _is_like)
        return
    for section in sections:
        head = _of_section(section)
        yield head
        if head.name in opened:
            yield from _rows(section)


def _found(
    sections: Sequence[SettingsSection],
    terms: Sequence[str],
    has: Callable[[SettingItem, Sequence[str]], bool],
) -> list[SettingItem]:
    """The settings that have it, each section's under its head."""
    found: list[SettingItem] = []
    for section in sections:
        if rows := [row for row in _rows(section) if has(row, terms)]:
            found += [_of_section(section), *rows]
    return found


def _of_section(section: SettingsSection) -> SettingItem:
    return SettingItem(HEAD + ".".join(section["keys"]), section)


def _rows(section: SettingsSection) -> list[SettingItem]:
    return [SettingItem(".".join(s["keys"]), section, s) for s in section["settings"]]


def _has(item: SettingItem, terms: Sequence[str]) -> bool:
    setting = item.setting
    assert setting is not None
    words = f"{item.name} {item.name.replace('_', ' ')} {setting['words']} {setting['value']} "
    words = f"{words}{item.section['words']} {_source(setting)} {synonyms.of_setting(item.name)}"
    words = words.casefold()
    return all(term in words for term in terms)


def _is_like(item: SettingItem, terms: Sequence[str]) -> bool:
    """Of names alone: in long sentences everything is like something."""
    return synonyms.alike(terms, item.name.replace("_", " ").replace(".", " ").split(), _ALIKE)


def row_of(item: SettingItem, width: int, opened: bool) -> Row:
    """A row as it is drawn."""
    setting = item.setting
    if setting is None:
        return Row(item.key, _head(item, width, opened))
    name = setting["keys"][-1]
    # On a phone where it comes from is told below alone.
    narrow = width < _NARROW
    wide = 18 if narrow else _named(width) - 4
    room = max(12, width - wide - (7 if narrow else 26))
    value = shown_value(setting)
    style = "" if setting["ours"] else GREY
    cells = (
        (
            "    " + in_column(one_line(name), wide),
            "bold" if style == "" else "",
        ),
        (in_column(value, room - 1), style),
        ("" if narrow else clip(_source(setting), 20), GREY),
    )
    return Row(item.key, cells)


def _named(width: int) -> int:
    """The cells of names, of sections and of their keys: what is told of both stands in line."""
    return min(32, max(24, width // 3))


def _head(item: SettingItem, width: int, opened: bool) -> tuple[tuple[str, str], ...]:
    section = item.section
    mark = glyphs.mark("unfolded" if opened else "folded")
    keys = section["keys"]
    title = f"{mark} {one_line('.'.join(keys))}"
    told = one_line(section["words"])
    if section["named"]:
        values = {s["keys"][-1]: s["value"] for s in section["settings"]}
        about = [values.get(key, "") for key in _TELLING]
        told = " · ".join(one_line(a) for a in about if a)
        told = f"{told}{' · ' if told else ''}{'yours' if section['ours'] else 'built in'}"
    if width < _NARROW:
        return ((clip(title, width - 2), "bold $text-accent"),)
    wide = _named(width)
    return (
        (in_column(title, wide), "bold $text-accent"),
        (clip(told, max(8, width - wide - 3)), GREY),
    )


def shown_value(setting: SettingShown) -> str:
    """A value as it is read."""
    value = one_line(setting["value"])
    if setting["kind"] == "switch":
        return "on" if value == "true" else "off"
    if setting["kind"] == "key":
        return ", ".join(show_key(key) for key in value.split()) or "palette"
    if setting["kind"] == "secret" and value:
        return "set"
    return value or "–"


def _source(setting: SettingShown) -> str:
    return one_line(setting["source"]).replace("your file, line", "yours, line")


def about(item: SettingItem) -> list[str]:
    """What is told of the row under the cursor: its words, then default, source, and when."""
    setting = item.setting
    if setting is None:
        file = "stands in your file" if item.section["ours"] else "nothing of it is in your file"
        return [one_line(item.section["words"]), file]
    plain: SettingShown = {**setting, "value": setting["default"]}
    default = shown_value(plain) if setting["default"] else "nothing"
    told = [f"default: {default}", f"from: {one_line(setting['source'])}"]
    if setting["kind"] == "rule":
        told = [one_line(setting["source"]), one_line(setting["value"])]
    return [
        one_line(setting["words"]),
        " · ".join([*told, f"a change is in force {setting['force']}"]),
    ]
