"""Small readings of shell commands: what they run, and which files they write out in full.

No shell is emulated. What is not plain (expansions, appends, unusual quoting) is left alone: a
byproduct that is not found costs less than one that is made up.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

# `cat > path <<'END' … END`, also the other way round and with tee. The body ends at its mark.
_HERE = re.compile(
    r"(?m)^(?P<head>[^\n]*?)<<(?P<dash>-?)[ \t]*(?P<quote>['\"]?)(?P<mark>\w+)(?P=quote)"
    r"(?P<rest>[^\n]*)\n(?P<body>.*?)^(?P<tabs>\t*)(?P=mark)[ \t]*$",
    re.DOTALL,
)
_INTO = re.compile(
    r"(?:^|[;&|]|\s)(?:cat\s*>(?!>)\s*|cat\s+.*?(?<!>)>(?!>)\s*|tee\s+)(['\"]?)([^\s'\";&|<>$`*?]+)\1"
)
_EXPANDS = re.compile(r"[$`\\]")
_PARTS = re.compile(r"[;&|\n()]+")
_ASSIGNMENT = re.compile(r"\w+=")
_WRAPPERS = {"sudo", "time", "env", "nohup", "exec", "command", "nice", "stdbuf", "uv", "run"}
_INTERPRETERS = re.compile(
    r"(?:python|pypy|bash|sh|zsh|dash|ksh|fish|node|nodejs|deno|bun|tsx|ts-node|ruby|perl|php|"
    r"lua|Rscript|julia|go|swift|groovy|source|\.)[\d.]*\Z"
)
_LOOK = """
cat ls ll dir head tail less more bat grep egrep fgrep rg ag ack sed awk wc rm cp mv ln chmod chown
touch git diff cmp file stat mkdir rmdir echo printf test [ [[ nano vim vi emacs code open tee find
fd xxd od hexdump sha1sum sha256sum md5sum du df tar zip unzip gzip sort uniq cut tr black ruff
isort prettier eslint flake8 pylint mypy shellcheck cd pushd which type realpath readlink basename
dirname scp rsync install tree nl export pwd whoami date env history clear true false
"""
_LOOKS = frozenset(_LOOK.split())
"""Commands that look at a file, move it or tidy it: none of them is a run of it."""


def without_bodies(command: str) -> str:
    """The command without what its here-documents hold."""
    return _HERE.sub(lambda found: f"{found['head']}{found['rest']}", command)


def written(command: str) -> Iterator[tuple[str, str]]:
    """Path and whole text of each file that a here-document writes."""
    for found in _HERE.finditer(command):
        body = found["body"]
        into = _INTO.search(found["head"]) or _INTO.search(f"cat {found['rest']}")
        if into is None or (not found["quote"] and _EXPANDS.search(body)):
            continue
        yield into[2], re.sub(r"(?m)^\t+", "", body) if found["dash"] else body


def run_words(command: str) -> Iterator[str]:
    """The words of a command that name what it runs: programs, scripts, a test runner's files."""
    for part in _PARTS.split(without_bodies(command)):
        words = [word.strip("'\"") for word in part.split()]
        while words and (_ASSIGNMENT.match(words[0]) or words[0] in _WRAPPERS):
            words.pop(0)
        if words[:1] == ["timeout"]:
            words = [w for w in words[1:] if not re.match(r"-|[\d.]+[smhd]?\Z", w)]
        if not words or PurePosixPath(words[0]).name in _LOOKS:
            continue
        yield words[0]
        rest = [w.removeprefix("<") for w in words[1:] if not w.startswith(("-", ">"))]
        if _INTERPRETERS.match(PurePosixPath(words[0]).name):
            rest = [w for w in rest if w != "run"][:1]
        yield from rest


def only_looks(command: str) -> bool:
    """Whether nothing in it but looks at files, or moves them."""
    return next(run_words(command), None) is None


def names(word: str, path: str) -> bool:
    """Whether a word of a command names the file at `path`."""
    said, there = PurePosixPath(word.partition("::")[0]).parts, PurePosixPath(path).parts
    said = tuple(part for part in said if part not in (".", ".."))
    return bool(said) and (there[-len(said) :] == said or said[-len(there) :] == there)
