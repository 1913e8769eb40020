"""Making skill folders for tests."""

from __future__ import annotations

from pathlib import Path

DESCRIPTION = "Does a thing well. Use when the thing is asked for."


def make_skill(
    parent: Path,
    name: str = "demo",
    description: str = DESCRIPTION,
    body: str = "# Demo\n\nDo it.\n",
    front: str = "",
    files: dict[str, str] | None = None,
) -> Path:
    """Write a skill folder below `parent`; `front` is more frontmatter. The folder."""
    folder = parent / name
    folder.mkdir(parents=True, exist_ok=True)
    text = f"---\nname: {name}\ndescription: {description}\n{front}---\n{body}"
    (folder / "SKILL.md").write_text(text, encoding="utf-8")
    for path, content in (files or {}).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content, encoding="utf-8")
    return folder
