"""Scripts of a shell and of JavaScript: their own file names as arguments, found by quotes.

A name counts where it stands alone: as a word or a text that is nothing else. Where it stands
within another text as well, or the script takes arguments already, it stays as it ran.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from sessions.harvest.parameters import CommandParameter, folder_of, with_free_names

_Rewritten = tuple[str, list[CommandParameter]] | None

_SHELL_TAKES = re.compile(r"\$(?:[1-9@*#]|\{[1-9@*#])|\b(?:getopts?|shift|read)\b|<<")
_SHELL = re.compile(
    r"(?P<comment>(?<!\S)#[^\n]*)|(?P<single>'[^']*')|(?P<double>\"(?:[^\"\\]|\\.)*\")"
    r"|(?P<word>(?:[^\s'\"\\;&|<>()#]|\\.|(?<=\S)#)+)|.",
    re.DOTALL,
)
_JS_TAKES = re.compile(
    r"\bargv\b|\bparseArgs\b|\bargs\b|commander|yargs|minimist|readline|process\.stdin"
)
_JS = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?\*/)|(?P<template>`(?:[^`\\]|\\.)*`)"
    r"|(?P<single>'(?:[^'\\\n]|\\.)*')|(?P<double>\"(?:[^\"\\\n]|\\.)*\")|.",
    re.DOTALL,
)
_JS_BEGINS = re.compile(
    r"(?:#![^\n]*\n|\s+|//[^\n]*\n|/\*.*?\*/|['\"]use strict['\"];?)*", re.DOTALL
)
_SHELL_BEGINS = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")


def shell(script: str, takes: Sequence[CommandParameter]) -> _Rewritten:
    """A script of sh or bash that takes those files; None where it is not certain."""
    if _SHELL_TAKES.search(script):
        return None
    return _rewritten(script, takes, _SHELL, _SHELL_BEGINS, _of_shell, _shell_head)


def javascript(script: str, takes: Sequence[CommandParameter]) -> _Rewritten:
    """A script of Node that takes those files; None where it is not certain."""
    if _JS_TAKES.search(script):
        return None
    return _rewritten(script, takes, _JS, _JS_BEGINS, lambda name: name, _js_head)


def _rewritten(
    script: str,
    takes: Sequence[CommandParameter],
    tokens: re.Pattern[str],
    begins: re.Pattern[str],
    used: Callable[[str], str],
    head: Callable[[int, CommandParameter], str],
) -> _Rewritten:
    named = set(re.findall(r"\w+", script))
    taken = with_free_names(takes, named)
    by_name = {each.recorded: each for each in taken}
    out, put = [], set()
    for kind, text in _read(script, tokens):
        alone = text if kind == "word" else text[1:-1]
        if kind in ("word", "single", "double") and alone in by_name:
            out.append(used(by_name[alone].name))
            put.add(alone)
        elif kind == "word" and (folder := folder_of(alone))[0] in by_name:
            out.append(used(by_name[folder[0]].name) + folder[1])
            put.add(folder[0])
        elif kind not in ("", "comment") and any(name in text for name in by_name):
            return None
        else:
            out.append(text)
    if put != set(by_name):
        return None
    changed = "".join(out)
    start = begins.match(changed)
    at = start.end() if start else 0
    lines = "".join(head(number, each) for number, each in enumerate(taken, 1))
    return f"{changed[:at]}{lines}{changed[at:]}", taken


def _read(script: str, tokens: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    for found in tokens.finditer(script):
        yield found.lastgroup or "", found[0]


def _of_shell(name: str) -> str:
    return f'"${name}"'


def _shell_head(number: int, each: CommandParameter) -> str:
    return f"{each.name}=${{{number}:-{each.recorded}}}\n"


def _js_head(number: int, each: CommandParameter) -> str:
    return f"const {each.name} = process.argv[{number + 1}] ?? '{each.recorded}';\n"
