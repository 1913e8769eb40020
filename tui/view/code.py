"""Syntax colours for code that may still be growing.

Pygments is imported when the first block with a known language is drawn. Its `RegexLexer`
starts anew with every call, so a growing block would be lexed from its first line each time;
`Highlighter` runs the same rules (`lexer._tokens`, the documented result of processing
`RegexLexer.tokens`) but keeps the state stack between pieces.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from tui.view.line import Span

if TYPE_CHECKING:
    from pygments.lexer import Lexer  # type: ignore[import-untyped]

LONGEST_LINE = 2000
"""A line longer than this many characters is not coloured: some rules are quadratic."""

_NAMES = (
    ("Comment", "tok-comment"),
    ("Keyword", "tok-keyword"),
    ("Literal.String", "tok-string"),
    ("Literal.Number", "tok-number"),
    ("Operator.Word", "tok-keyword"),
    ("Name.Function", "tok-name"),
    ("Name.Class", "tok-name"),
    ("Name.Decorator", "tok-name"),
    ("Name.Builtin", "tok-builtin"),
    ("Name.Tag", "tok-keyword"),
    ("Name.Attribute", "tok-name"),
    ("Generic.Deleted", "removed"),
    ("Generic.Inserted", "added"),
    ("Generic.Heading", "strong"),
    ("Generic.Subheading", "tok-keyword"),
)


@lru_cache(maxsize=512)
def _style_of(token: tuple[str, ...]) -> str:
    name = ".".join(token)
    for prefix, style in _NAMES:
        if name == prefix or name.startswith(prefix + "."):
            return style
    return ""


@lru_cache(maxsize=1)
def _aliases() -> frozenset[str]:
    """The names of the lexers that Pygments brings; a name that a model made up is not looked
    for among the entry points of everything that is installed."""
    from pygments.lexers import get_all_lexers  # type: ignore[import-untyped]

    return frozenset(alias for _, names, _, _ in get_all_lexers(plugins=False) for alias in names)


@lru_cache(maxsize=64)
def _lexer(lang: str) -> Lexer | None:
    lang = lang.lower()
    if not lang or lang in ("text", "plain", "txt", "plaintext") or lang not in _aliases():
        return None
    from pygments.lexers import get_lexer_by_name

    lexer: Lexer = get_lexer_by_name(lang, stripnl=False, ensurenl=False)
    return lexer


COMMON = ("python", "bash", "json", "javascript", "diff", "yaml")
_warm = threading.Event()


def warm_up() -> None:
    """Load the lexers of common languages in the background, once.

    Importing Pygments and compiling a lexer's rules takes tens of milliseconds each, which
    would otherwise be taken from the first answer with code in it, while somebody types.
    """
    if not _warm.is_set():
        _warm.set()
        threading.Thread(target=_load, name="lexers", daemon=True).start()


def _load() -> None:
    for lang in COMMON:
        highlight("x = 1\n", lang)


State = tuple[str, ...]
"""The lexer's stack between two pieces."""


def known(lang: str) -> bool:
    """Whether code of this language gets colours."""
    return _lexer(lang) is not None


def highlight(code: str, lang: str, state: State = ("root",)) -> tuple[list[list[Span]], State]:
    """The lines of `code` as spans, and the state in which its successor starts."""
    lexer = _lexer(lang)
    if lexer is None or any(len(line) > LONGEST_LINE for line in code.split("\n")):
        return [[(line, "")] if line else [] for line in code.split("\n")], ("root",)
    from pygments.lexer import RegexLexer

    method = type(lexer).get_tokens_unprocessed
    tokens: Iterator[tuple[tuple[str, ...], str]]
    if isinstance(lexer, RegexLexer) and method is RegexLexer.get_tokens_unprocessed:
        stack = list(state)
        tokens = _run(lexer, code, stack)
        lines = _to_lines(tokens)
        return lines, tuple(stack)
    tokens = ((tuple(token), text) for _, token, text in lexer.get_tokens_unprocessed(code))
    return _to_lines(tokens), ("root",)


def _run(lexer: Any, text: str, stack: list[str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """The rules of a `RegexLexer` from `stack` on; leaves the stack as it ends.

    Follows the semantics that the Pygments documentation gives to states ("#pop", "#push",
    tuples, numbers); at the end of a line that no rule matches, the state falls back to root.
    """
    from pygments.token import Error, Text, Whitespace  # type: ignore[import-untyped]

    rules: dict[str, list[tuple[Callable[..., Any], Any, Any]]] = lexer._tokens
    if any(name not in rules for name in stack):
        stack[:] = ["root"]
    position = 0
    while position < len(text):
        for match_at, action, change in rules[stack[-1]]:
            match = match_at(text, position)
            if match is None:
                continue
            if action is not None:
                if type(action) is type(Text):
                    yield tuple(action), match.group()
                else:
                    for _, token, value in action(lexer, match):
                        yield tuple(token), value
            moved = match.end() > position or change is not None
            position = match.end()
            _change(stack, change)
            if moved:
                break
        else:
            char = text[position]
            if char == "\n":
                stack[:] = ["root"]
                yield tuple(Whitespace), char
            else:
                yield tuple(Error), char
            position += 1


def _change(stack: list[str], change: Any) -> None:
    for step in change if isinstance(change, tuple) else (change,):
        if step is None:
            continue
        if step == "#push":
            stack.append(stack[-1])
        elif step == "#pop":
            if len(stack) > 1:
                stack.pop()
        elif isinstance(step, int):
            del stack[max(1, len(stack) + step) :]
        else:
            stack.append(step)


def _to_lines(tokens: Iterator[tuple[tuple[str, ...], str]]) -> list[list[Span]]:
    lines: list[list[Span]] = [[]]
    for token, text in tokens:
        if not text:
            continue
        style = _style_of(token)
        first, *others = text.split("\n")
        if first:
            _add(lines[-1], first, style)
        for other in others:
            lines.append([])
            if other:
                _add(lines[-1], other, style)
    return lines


def _add(line: list[Span], text: str, style: str) -> None:
    if line and line[-1][1] == style:
        line[-1] = (line[-1][0] + text, style)
    else:
        line.append((text, style))
