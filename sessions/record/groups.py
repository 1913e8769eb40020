"""What a session can be grouped by: its repository, its profile, the run that made it, its tags."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sessions.record.summary import Summary


def groups_of(summary: Summary) -> list[str]:
    """`repository:deck`, `profile:claude`, `plan:…`, `tag:…`; else its directory."""
    place = summary.repository or PurePath(summary.cwd).name
    found = [f"repository:{place}", f"profile:{summary.profile}", f"plan:{summary.run}"]
    return [g for g in found if not g.endswith(":")] + [f"tag:{tag}" for tag in summary.tags]


def groups(summaries: Iterable[Summary]) -> dict[str, int]:
    """All groups with how many sessions are in each, by kind and name."""
    return dict(sorted(Counter(g for s in summaries for g in groups_of(s)).items()))


def tags_of(text: str) -> list[str]:
    """Tags as they are typed: words, with or without #, commas between them or not."""
    words = text.replace(",", " ").split()
    return list(dict.fromkeys(word.removeprefix("#")[:40] for word in words if word != "#"))[:12]
