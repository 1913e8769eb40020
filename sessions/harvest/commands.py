"""Small readings of shell commands: what they run, and which files they write out in full.

No shell is emulated. What is not plain (expansions, appends, unusual quoting) is left alone: a
byproduct that is not found costs less than one that is made up.
"""

from __future__ import annotations

import re
import shlex
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from pathlib import PurePosixPath

from sessions.record import events as ev

_SHELL = {
    "Bash", "bash", "shell", "execute", "exec_command", "run_shell_command", "local_shell",
    "local_shell_call", "shell_command",
}  # fmt: skip
# `cat > path <<'END' … END`, also the other way round and with tee.
_MARK = re.compile(r"<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<mark>\w+)(?P=quote)")
_LINE = 2_000
"""Characters of a line that are looked at: what is longer is no command that somebody wrote."""
_INTO = re.compile(
    r"(?:^|[;&|]|\s)(?:cat\s*>(?!>)\s*|cat\s+.*?(?<!>)>(?!>)\s*|tee\s+)(['\"]?)([^\s'\";&|<>$`*?]+)\1"
)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"")
_BUILT_IN = frozenset(
    ["cd", "echo", "true", "false", "export", "set", "test", "[", "[[", "read", "exit"]
)
_EXPANDS = re.compile(r"[$`\\]")
_PARTS = re.compile(r"[;&|\n()]+")
_ASSIGNMENT = re.compile(r"\w+=")
_WRAPPERS = {"sudo", "time", "env", "nohup", "exec", "command", "nice", "stdbuf", "uv", "run"}
_INTERPRETERS = re.compile(
    r"(?:python|pypy|bash|sh|zsh|dash|ksh|fish|node|nodejs|deno|bun|tsx|ts-node|ruby|perl|php|"
    r"lua|Rscript|julia|go|swift|groovy|source|\.)[\d.]*\Z"
)
_SCRIPTED = re.compile(r"(?:ba|z|da|k|a)?sh\Z")
_SCRIPT_FOLLOWS = re.compile(r"-[a-z]*c[a-z]*\Z")
_VALUED = frozenset(["-C", "-c", "--git-dir", "--work-tree", "--prefix", "-n", "--namespace"])
"""Options whose value stands before the word that says what a program is to do."""
_LOOK = """
cat ls ll dir head tail less more bat grep egrep fgrep rg ag ack sed awk wc rm cp mv ln chmod chown
touch git diff cmp file stat mkdir rmdir echo printf test [ [[ nano vim vi emacs code open tee find
fd xxd od hexdump sha1sum sha256sum md5sum du df tar zip unzip gzip sort uniq cut tr black ruff
isort prettier eslint flake8 pylint mypy shellcheck cd pushd which type realpath readlink basename
dirname scp rsync install tree nl export pwd whoami date env history clear true false
"""
_LOOKS = frozenset(_LOOK.split())
"""Commands that look at a file, move it or tidy it: none of them is a run of it."""


@dataclass(frozen=True, slots=True)
class _Here:
    """A here-document: its line without the mark, its body, and whether the shell expands that."""

    line: str
    body: str
    expands: bool


def _parted(command: str) -> Iterator[str | _Here]:
    """The lines of a command and its here-documents, in one pass whatever the text."""
    lines = command.split("\n")
    ends: dict[str, list[int]] = {}
    for number, line in enumerate(lines):
        ends.setdefault(line.lstrip("\t"), []).append(number)
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        mark = _MARK.search(line[:_LINE])
        later = ends.get(mark["mark"], []) if mark else []
        at = bisect_left(later, number)
        if mark is None or at == len(later):
            yield line
            continue
        body = lines[number : later[at]]
        if mark["dash"]:
            body = [told.lstrip("\t") for told in body]
        expands = not mark["quote"] and any(_EXPANDS.search(told) for told in body)
        said = line[: mark.start()] + line[mark.end() : _LINE]
        yield _Here(said, "".join(f"{told}\n" for told in body), expands)
        number = later[at] + 1


def without_bodies(command: str) -> str:
    """The command without what its here-documents hold."""
    if "<<" not in command:
        return command
    return "\n".join(p.line if isinstance(p, _Here) else p for p in _parted(command))


def written(command: str) -> Iterator[tuple[str, str]]:
    """Path and whole text of each file that a here-document writes."""
    for part in _parted(command):
        if isinstance(part, _Here) and not part.expands and (into := _INTO.search(part.line)):
            yield into[2], part.body


def command_of(call: ev.ToolCall) -> str | None:
    """The command line of a call that runs one, else None."""
    if call.name not in _SHELL and call.kind != "execute":
        return None
    command = call.input.get("command", call.input.get("cmd"))
    if isinstance(command, list):
        return _line_of([str(word) for word in command])
    return command if isinstance(command, str) else None


def _line_of(words: list[str]) -> str:
    """A command that was told as its words, as one types it."""
    if words and _SCRIPTED.match(_name(words[0])):
        options = list(takewhile(lambda word: not _SCRIPT_FOLLOWS.match(word), words[1:]))
        rest = (word for word in words[2 + len(options) :] if not word.startswith(("-", "+")))
        if (script := next(rest, None)) is not None:
            return script  # what follows it are its arguments
    quoted = not any("\n" in word for word in words)  # a patch is told as it is
    return shlex.join(words) if quoted else " ".join(words)


def acts(command: str) -> Iterator[tuple[str, str]]:
    """Each program that a command runs, with the word that says what it is to do; quotes are not
    looked into.
    """
    for words in _runs(unquoted(command)):
        if words[1:2] == ["-m"] and _INTERPRETERS.match(_name(words[0])):
            words = words[2:]
        if words:
            rest = iter(words[1:])
            for word in rest:
                if word in _VALUED:
                    next(rest, None)
                elif not word.startswith("-"):
                    yield _name(words[0]), word
                    break
            else:
                yield _name(words[0]), ""


def unquoted(command: str) -> str:
    """A command without what it quotes or writes out."""
    return _QUOTED.sub("''", without_bodies(command))


def programs(command: str) -> Iterator[str]:
    """The programs that a command runs, by their names; quotes are not looked into."""
    for words in _runs(unquoted(command)):
        if words and re.fullmatch(r"[\w./+-]+", words[0]) and words[0] not in _BUILT_IN:
            yield words[0]


def _runs(command: str) -> Iterator[list[str]]:
    """The words of each program's run, without what stands before its name."""
    for part in _PARTS.split(command):
        words = [word.strip("'\"") for word in part.split()]
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in _WRAPPERS):
            words.pop(0)
        if words[:1] == ["timeout"]:
            words = [w for w in words[1:] if not re.match(r"-|[\d.]+[smhd]?\Z", w)]
        yield words


def run_words(command: str) -> tuple[str, ...]:
    """The words of a command that name what it runs: programs, scripts, a test runner's files."""
    return _run_words(without_bodies(command))


@lru_cache(maxsize=256)  # a session runs the same few commands, and each is read more than once
def _run_words(command: str) -> tuple[str, ...]:
    return tuple(_named(_runs(command)))


def _named(runs: Iterable[list[str]]) -> Iterator[str]:
    for words in runs:
        if not words or _name(words[0]) in _LOOKS:
            continue
        yield words[0]
        rest = [w.removeprefix("<") for w in words[1:] if not w.startswith(("-", ">"))]
        if _INTERPRETERS.match(_name(words[0])):
            rest = [w for w in rest if w != "run"][:1]
        yield from rest


def only_looks(command: str) -> bool:
    """Whether nothing in it but looks at files, or moves them."""
    return not run_words(command)


def names(word: str, path: str) -> bool:
    """Whether a word of a command names the file at `path`."""
    said, there = _parts(word.partition("::")[0]), _parts(path)
    return bool(said) and (there[-len(said) :] == said or said[-len(there) :] == there)


@lru_cache(maxsize=4096)  # the same few words and paths are compared again and again
def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in PurePosixPath(path).parts if part not in (".", ".."))


@lru_cache(maxsize=4096)
def last_part(word: str) -> str:
    """The name of the file that a word, or a path, may name; "" for none."""
    parts = _parts(word.partition("::")[0])
    return parts[-1] if parts else ""


@lru_cache(maxsize=4096)
def _name(path: str) -> str:
    return PurePosixPath(path).name
