"""Every key of a plan file as tables for docs/plans.md: `python -m sessions.plans.keys`."""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

from sessions.plans import model

_TABLES = (
    ("[plan]", model.Head),
    ("budget = {…}", model.PlanBudget),
    ("windows = [{…}]", model.Window),
    ("[[task]]", model.Task),
    ("for_each = {…}", model.ForEach),
    ("judge = {…}", model.Judge),
    ("critic = {…}", model.Critic),
    ("limits = {…}", model.TaskLimits),
)


def keys() -> str:
    """The tables, as they stand in docs/plans.md."""
    lines: list[str] = []
    for head, cls in _TABLES:
        lines += ["", f"### `{head}`", "", "| key | what | default |", "|---|---|---|"]
        for field in dataclasses.fields(cls):
            if doc := field.metadata.get("doc"):
                lines.append(f"| `{field.name}` | {doc} | {_default(field)} |")
    return "\n".join(lines).strip("\n")


def _default(field: Any) -> str:
    value = field.default
    if value is dataclasses.MISSING:
        value = field.default_factory()
    if value in (None, "", [], {}):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.stdout.write(keys() + "\n")
