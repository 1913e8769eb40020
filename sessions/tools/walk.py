"""Going through a tree of files: what is entered, which fit a glob, what a search looks for."""

from __future__ import annotations

import fnmatch
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from sessions.tools import protected_paths, safe_open, unicode_names
from sessions.tools.fault import ToolFault
from sessions.tools.workspace import Guard

if TYPE_CHECKING:
    from sessions.record import events as ev

SKIPPED = protected_paths.names(
    ".git .hg .svn .jj node_modules __pycache__ .venv venv .tox .nox .mypy_cache .ruff_cache "
    ".pytest_cache .hypothesis .cache .gradle .next .nuxt .turbo"
)
"""Folders that are not walked into unless the search begins in them."""
_MAX_FILES = 200_000
_MAX_HITS = 5000
_TIME_S = 30.0

_TYPES = {
    "py": "*.py *.pyi", "js": "*.js *.jsx *.mjs *.cjs", "ts": "*.ts *.tsx *.mts *.cts",
    "rust": "*.rs", "go": "*.go", "java": "*.java", "c": "*.c *.h", "cpp": "*.cpp *.cc *.hpp *.h",
    "cs": "*.cs", "rb": "*.rb", "php": "*.php", "swift": "*.swift", "kt": "*.kt *.kts",
    "md": "*.md *.markdown", "json": "*.json", "yaml": "*.yaml *.yml", "toml": "*.toml",
    "html": "*.html *.htm", "css": "*.css *.scss *.less", "sh": "*.sh *.bash *.zsh", "sql": "*.sql",
    "txt": "*.txt", "xml": "*.xml",
}  # fmt: skip


def glob_regex(pattern: str) -> Callable[[str], bool]:
    """A test of relative paths: `*` within a name, `**` across folders, `{a,b}` either.

    By hand: wcmatch 10 takes three times as long a path (a search tests up to 200,000), and reads
    what is no pattern as one that fits nothing, where the model is to be told; `glob.translate`
    begins with Python 3.13 and knows no `{a,b}`.

    Raises:
        ToolFault: it can't be read as a pattern.
    """
    try:
        tests = [re.compile(_translate(p), re.DOTALL) for p in _alternatives(pattern)]
    except re.error as error:
        raise ToolFault(f"{pattern!r} can't be read as a glob pattern: {error}.") from error
    return lambda path: any(test.fullmatch(path) for test in tests)


def _alternatives(pattern: str) -> list[str]:
    match = re.search(r"\{([^{}]*)\}", pattern)
    if match is None:
        return [pattern]
    found: list[str] = []
    for choice in match.group(1).split(","):
        found += _alternatives(pattern[: match.start()] + choice + pattern[match.end() :])
        if len(found) > 256:
            raise ToolFault("The glob pattern has too many alternatives.")
    return found


def _translate(pattern: str) -> str:
    out: list[str] = []
    for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]/]+\])", pattern):
        if part == "**/":
            out.append("(?:[^/]+/)*")
        elif part == "**":
            out.append(".*")
        elif part == "*":
            out.append("[^/]*")
        elif part == "?":
            out.append("[^/]")
        elif part.startswith("[") and part.endswith("]"):
            inner = part[1:-1].replace("\\", "\\\\")
            out.append("[" + ("^" + inner[1:] if inner[:1] in "!^" else inner) + "]")
        else:
            out.append(re.escape(part))
    return "".join(out)


@dataclass(slots=True)
class Walk:
    """A walk through a tree and what it left out. Bounded in files and in time."""

    root: Path
    guard: Guard
    secrets: int = 0
    incomplete: str = ""
    deadline: float = field(default_factory=lambda: time.monotonic() + _TIME_S)

    def files(self) -> Iterator[tuple[str, str, int]]:
        """Each file: relative path, name, and the descriptor of its folder."""
        count = 0
        try:
            with safe_open.folder(self.root) as descriptor:
                here = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=descriptor)
        except OSError as error:
            raise safe_open.fault(self.root, error) from error
        try:
            for base, folders, names, parent in os.fwalk(".", dir_fd=here, follow_symlinks=False):
                folders[:] = sorted(f for f in folders if self._enters(base, f))
                for name in sorted(names):
                    count += 1
                    if count > _MAX_FILES or (count % 256 == 0 and self.late()):
                        self.incomplete = f"stopped after {count:,} files"
                        return
                    yield os.path.normpath(f"{base}/{name}"), name, parent
        finally:
            os.close(here)

    def late(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self.deadline

    def _enters(self, base: str, name: str) -> bool:
        if name in SKIPPED:
            return False
        path = Path(os.path.normpath(self.root / base / name))
        target = self.guard.judge(path)
        if target.forbidden or target.secret:
            self.secrets += 1
            return False
        return True

    def hidden(self, relative: str) -> bool:
        """Whether a file may hold secrets; counted."""
        if protected_paths.secret(self.root / relative):
            self.secrets += 1
            return True
        return False

    def notes(self) -> list[str]:
        """What was left out, for the model."""
        out: list[str] = []
        if self.secrets:
            out.append(f"({self.secrets} files or folders that may hold secrets were left out)")
        if self.incomplete:
            out.append(f"(not everything was searched: {self.incomplete})")
        return out


OutputMode = Literal["files_with_matches", "content", "count"]


@dataclass(frozen=True, slots=True)
class Query:
    """What Grep looks for, and how it is to be shown."""

    regex: re.Pattern[str]
    fits: Callable[[str], bool]
    mode: OutputMode
    before: int
    after: int
    numbers: bool
    limit: int
    skip: int


def query_of(args: ev.JSON) -> Query:
    """The arguments, compiled. Raises ToolFault."""
    flags = re.IGNORECASE if args.get("-i") else 0
    if args.get("multiline"):
        flags |= re.DOTALL
    try:
        regex = re.compile(args["pattern"], flags | re.MULTILINE)
    except (re.error, OverflowError, RecursionError) as error:
        raise ToolFault(
            f"The pattern can't be read as a regular expression: {error}. "
            "Escape brackets and braces that are meant as they are."
        ) from error
    around = int(args.get("-C", 0))
    return Query(
        regex,
        _file_filter(args),
        args.get("output_mode", "files_with_matches"),
        min(int(args.get("-B", around)), 100),
        min(int(args.get("-A", around)), 100),
        bool(args.get("-n", True)),
        int(args.get("head_limit", 250)) or _MAX_HITS,
        int(args.get("offset", 0)),
    )


def _file_filter(args: ev.JSON) -> Callable[[str], bool]:
    tests: list[Callable[[str], bool]] = []
    if pattern := args.get("glob"):
        pattern = unicode_names.same(pattern)
        fits = glob_regex(pattern if "/" in pattern else f"**/{pattern}")
        tests.append(lambda path: fits(unicode_names.same(path)))
    if kind := args.get("type"):
        if kind not in _TYPES:
            raise ToolFault(f"No file type is called {kind!r}. There are: {', '.join(_TYPES)}.")
        kinds = _TYPES[kind].split()
        tests.append(lambda path: any(fnmatch.fnmatch(path.rpartition("/")[2], n) for n in kinds))
    return lambda path: all(test(path) for test in tests)
