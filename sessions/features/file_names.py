"""The names of the files under a directory, and those among them that some letters mean."""

from __future__ import annotations

import os
import subprocess
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, islice
from pathlib import Path

MOST = 50_000
"""Names that are kept; a walk without git looks at no more entries than twice that."""
_GIT_S = 5.0
_LETTERS_FOR_A_MISTAKE = 4
_GIT = ("git", "-c", "core.fsmonitor=false", "ls-files", "-z", "-co", "--exclude-standard")
_SKIPPED = frozenset({"node_modules", "__pycache__"})


def names_under(folder: Path) -> list[str]:
    """Paths of files relative to `folder`: git's list, or a bounded walk; [] without rights.

    Blocks: call it in a thread. Names that can't be shown as text are left out.
    """
    found = _of_git(folder)
    names = _walked(folder) if found is None else found
    return [name for name in names if name.isprintable()]


def _of_git(folder: Path) -> list[str] | None:
    env = {**os.environ, "GIT_OPTIONAL_LOCKS": "0"}
    try:
        done = subprocess.run(
            _GIT,
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_S,
            check=True,
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
    return [os.fsdecode(name) for name in done.stdout.split(b"\0")[:MOST] if name]


def _walked(folder: Path) -> list[str]:
    names: list[str] = []
    looked = 0
    for at, folders, files in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not f.startswith("."))
        looked += len(folders) + len(files) + 1
        within = os.path.relpath(at, folder)
        names += [f if within == "." else f"{within}/{f}" for f in files]
        if looked > 2 * MOST or len(names) > MOST:
            break
    return names[:MOST]


class _Text:
    """Names one after the other in one text, which is looked through faster than each of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self._text = "\n" + "".join(f"{name}\n" for name in names)
        self._begin = [0, *accumulate(len(name) + 1 for name in names)]

    def having(self, letters: str) -> Iterator[int]:
        """The numbers of those that have letters in them, in their order."""
        if not letters:
            yield from range(len(self._begin) - 1)
            return
        at = self._text.find(letters)
        while 0 <= at < len(self._text) - 1:
            number = bisect_right(self._begin, at) - 1
            yield number
            at = self._text.find(letters, self._begin[number + 1])


class Names:
    """Names made ready to be searched: shorter ones first, each in small letters too.

    `lack`: why there are none, where their directory can't be read.
    """

    def __init__(self, names: Iterable[str], lack: str = "") -> None:
        self.lack = lack
        self.names = sorted(names, key=lambda name: (len(name), name))
        self._low = [name.lower() for name in self.names]
        self._paths = _Text(self._low)
        self._own = _Text([name.rpartition("/")[2] for name in self._low])

    def plain(self, letters: str, most: int) -> list[str]:
        """The names that have `letters` in the file's name, or else in the path; at once."""
        wanted = letters.lower()
        found: dict[int, None] = {}
        ways = (
            self._own.having(f"\n{wanted}"),
            self._own.having(wanted),
            self._paths.having(wanted),
        )
        for way in ways:
            for i in way:
                found[i] = None
                if len(found) == most:
                    return [self.names[i] for i in found]
        return [self.names[i] for i in found]

    def best(self, letters: str, most: int) -> list[str]:
        """The names that `letters` mean, best first.

        In the file's name, in the path, strewn over the path in their order; if none has them
        all, the names that lack but one. 50,000 names take a few milliseconds.
        """
        from rapidfuzz import process
        from rapidfuzz.distance import LCSseq

        wanted = letters.lower()
        found = dict.fromkeys(self.plain(letters, most))
        for lacking in (0, 1):
            if len(found) >= most:
                break
            if lacking and (found or len(wanted) < _LETTERS_FOR_A_MISTAKE):
                break
            strewn = process.extract_iter(
                wanted, self._low, scorer=LCSseq.similarity, score_cutoff=len(wanted) - lacking
            )
            # The shorter ones come first, so that nothing need be sorted.
            more = islice(strewn, most + len(found))
            found |= dict.fromkeys(self.names[i] for _, _, i in more)
        return list(found)[:most]
