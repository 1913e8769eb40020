#!/usr/bin/env python3
"""Check a skill folder, or pack it as a .skill archive. Standard library only.

  skill.py check FOLDER       prints {"path", "ok", "problems": [...], "advice": [...]}
  skill.py pack  FOLDER [-o FILE]   writes FOLDER's name with .skill beside it

check looks at what most often goes wrong with the frontmatter; it is no YAML parser, and the
program that you install the skill into has the last word. Exit codes: 0 fine, 1 not, 2 wrong usage.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

KEYS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
LEFT_OUT = ("__pycache__", ".git", ".DS_Store", "node_modules", "evals")
MAX_BYTES = 50 * 1024 * 1024


def frontmatter(text: str) -> tuple[dict[str, str], str, list[str]]:
    """The top keys with their text, the body, and what is wrong with the frame."""
    match = re.match(r"---\n(.*?)\n---[ \t]*(?:\n|\Z)", text, re.DOTALL)
    if match is None:
        return {}, text, ["SKILL.md must begin with frontmatter between two `---` lines"]
    keys: dict[str, list[str]] = {}
    last = ""
    for line in match.group(1).split("\n"):
        top = re.match(r"([A-Za-z][\w-]*):(?:\s+(.*))?$", line)
        if top:
            last = top.group(1)
            keys.setdefault(last, []).append((top.group(2) or "").strip())
        elif last and line.strip():
            keys[last].append(line.strip())
    problems = [
        f"the value of {key} holds `: `; put it in quotes"
        for key, lines in keys.items()
        if ": " in lines[0] and lines[0][:1] not in "\"'|>{["
    ]
    joined = {key: " ".join(lines).lstrip("|>- ").strip("\"'") for key, lines in keys.items()}
    return joined, text[match.end() :], problems


def check(folder: Path) -> tuple[list[str], list[str]]:
    """What is wrong with the skill in `folder`, and what might be better."""
    file = folder / "SKILL.md"
    if not file.is_file():
        return ["there is no SKILL.md"], []
    try:
        text = file.read_bytes().decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        return [f"SKILL.md is no UTF-8: {error}"], []
    keys, body, problems = frontmatter(text)
    advice: list[str] = []
    name, description = keys.get("name", ""), keys.get("description", "")
    if not re.match(r"[a-z0-9]+(-[a-z0-9]+)*\Z", name) or len(name) > 64:
        problems.append("name must be a-z, 0-9 and single hyphens, at most 64 characters")
    elif name != folder.resolve().name:
        problems.append(f"the folder is called {folder.resolve().name}, the skill {name}")
    if not 1 <= len(description) <= 1024:
        problems.append(f"description has {len(description)} characters; 1 to 1024 may be")
    elif "use " not in description.lower() and "when" not in description.lower():
        advice.append("the description does not say when to use it")
    if len(keys.get("compatibility", "")) > 500:
        problems.append("compatibility has more than 500 characters")
    problems += [f"{key} is not a key of the specification" for key in keys if key not in KEYS]
    if not body.strip():
        advice.append("there are no instructions")
    if text.count("\n") > 500:
        advice.append("SKILL.md has more than 500 lines; move detail to references/")
    linked = re.findall(r"\]\(([^)\s#:]+)\)", body)
    gone = [target for target in linked if not (folder / target).exists()]
    advice += [f"{target} is linked and does not exist" for target in gone]
    if re.search(r"/(?:home|Users)/[\w.-]+/", body):
        advice.append("an absolute path of one machine stands in SKILL.md")
    return problems, advice


def members(folder: Path) -> Iterator[Path]:
    """The files to pack; a link is refused, since what it leads to may not be meant."""
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if any(part in LEFT_OUT for part in relative.parts):
            continue
        if path.is_symlink():
            raise ValueError(f"{relative} is a link; put a copy in its place")
        if path.is_file():
            yield relative


def pack(folder: Path, output: Path) -> list[str]:
    """Write the archive; the paths in it."""
    files = list(members(folder))
    if sum((folder / file).stat().st_size for file in files) > MAX_BYTES:
        raise ValueError("the folder has more than 50 MiB")
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(folder / file, f"{folder.resolve().name}/{file.as_posix()}")
    return [file.as_posix() for file in files]


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("check", "pack"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("-o", "--output", type=Path, help="where to write the archive")
    options = parser.parse_args(argv)
    problems, advice = check(options.folder)
    result: dict[str, Any] = {"path": str(options.folder), "ok": not problems}
    result.update(problems=problems, advice=advice)
    if options.command == "pack" and not problems:
        folder = options.folder.resolve()
        output = options.output or folder.parent / f"{folder.name}.skill"
        try:
            result.update(files=pack(folder, output), archive=str(output))
        except (ValueError, OSError) as error:
            result.update(ok=False, problems=[str(error)])
    print(json.dumps(result, indent=1, ensure_ascii=False))
    return 0 if result["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
