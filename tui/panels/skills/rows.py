"""What a skill's row says: its state, its scope and what it costs, in columns."""

from __future__ import annotations

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from sessions.api.skills import SkillBroken, SkillListed, SkillsCost
from tui.terminal import glyphs
from tui.widgets.rows import Row
from tui.words.text import clip, one_line, tokens

Cells = tuple[tuple[str, str], ...]

BUDGET = 2000
"""Tokens of listing at which the bar is full: about twenty skills."""
_MARKS = {"on": ("✓", "+"), "name-only": ("▫", "~"), "manual": ("◦", "."), "off": (" ", " ")}
_STYLES = {"on": "$text-success", "name-only": "$text-accent", "manual": "$text-warning"}
_SCOPES = {"configured": "config"}
_WORDS = {"name-only": "name", "agent's own": "own"}
"""Where there is little room; the line below the rows says it in full."""
OWN = "this agent reads it by itself, whatever its state is here"
_WIDE = 64
_FIGURES = 40
"""From this width on there is room for figures."""
_LIST, _BODY, _USED = 5, 6, 5


def skill_row(skill: SkillListed, width: int, used: bool = True) -> Row:
    """A skill in `width` cells; `used`: there is a column for how often."""
    name, scope = one_line(skill["name"]), skill["scope"]
    if skill["shadowed_by"]:
        cells = _columns(width, " ", name, "shadowed", scope, ("", "", ""), used)
        return Row(skill["path"], tuple((text, "$text-disabled") for text, _ in cells))
    state = skill.get("state", "off")
    style = _STYLES.get(state, "")
    own = bool(skill.get("own"))
    word: str = "agent's own" if own else "" if state == "off" else state
    review = not skill.get("usable", True)
    if width < _WIDE:
        word = _WORDS.get(word, word)
    count = f"{skill['used']}x" if skill.get("used") else ""
    costs = (tokens(skill["listing_tokens"]), tokens(skill["body_tokens"]), count)
    mark = _MARKS[state][glyphs.is_ascii()]
    cells = _columns(width, mark, name, "review" if review else word, scope, costs, used)
    styles = (style, style or "$text", "$text-warning" if review else style)
    muted = ("$text-muted", "$text-muted", "$text-accent")
    cells = tuple((text, s) for (text, _), s in zip(cells, (*styles, *muted), strict=True))
    return Row(skill["path"], cells)


def where(skill: SkillListed) -> str:
    """Where a skill lies; of one that came along, that it did."""
    return "comes with agentdeck" if skill["scope"] == "bundled" else skill["path"]


def broken_row(broken: SkillBroken, width: int, used: bool = True) -> Row:
    """A folder that does not load."""
    name = one_line(broken["path"].rstrip("/").rsplit("/", 1)[-1])
    mark = "x" if glyphs.is_ascii() else "✗"
    cells = _columns(width, mark, name, "broken", broken["scope"], ("", "", ""), used)
    return Row(broken["path"], tuple((text, "$text-error") for text, _ in cells))


def header(width: int, used: bool = True) -> str:
    """What stands over the columns."""
    cells = _columns(width, " ", "skill", "", "scope", ("list", "body", "used"), used)
    return "".join(text for text, _ in cells)


def _columns(
    width: int,
    mark: str,
    name: str,
    word: str,
    scope: str,
    costs: tuple[str, str, str],
    used: bool,
) -> Cells:
    """Mark, name, word, scope, and three figures; the name takes what is left."""
    wide = width >= _WIDE
    scope_width = 12 if wide else 8
    sizes = (_LIST, _BODY, _USED * used) if width >= _FIGURES else (0, 0, 0)
    room = max(8, width - 2 - scope_width - sum(sizes))
    said = f" {word}" if word else ""
    left = clip(name, max(4, room - cell_len(said) - 1))
    gap = " " * max(0, room - cell_len(left) - cell_len(said))
    place = scope if wide else _SCOPES.get(scope, scope)
    shown = [f"{text:>{size}}" if size else "" for text, size in zip(costs, sizes, strict=True)]
    return (
        (f"{mark} ", ""),
        (left, ""),
        (said + gap, ""),
        (set_cell_size(place, scope_width), ""),
        (shown[0] + shown[1], ""),
        (shown[2], ""),
    )


def budget(cost: SkillsCost, broken: int) -> Content:
    """The bar of what the enabled set costs, and what does not load."""
    used = cost["tokens"]
    filled = min(10, -(-10 * used // BUDGET))
    full, empty = ("#", "-") if glyphs.is_ascii() else ("█", "░")
    style = "$text-warning" if used > BUDGET else "$text-success"
    most = f", at most {cost['most']}" if cost.get("most") else ""
    text = f" listing {tokens(used)} of {tokens(BUDGET)} tokens\n{cost['enabled']} enabled{most}"
    parts = [(full * filled + empty * (10 - filled), style), (text, "$text-muted")]
    if broken:
        parts.append((f", {broken} broken", "$text-error"))
    return Content.assemble(*parts)
