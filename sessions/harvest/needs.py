"""What a skill's commands and scripts need to be there: programs, packages, the network."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sessions.harvest.commands import programs

_NETWORK = re.compile(
    r"\burllib\.request\b|\bimport requests\b|\bhttpx\b|\baiohttp\b|\bfetch\(|\b(?:curl|wget) |"
    r"\bNet::HTTP\b|\bhttp\.(?:Get|client)\b"
)
_REACHES = frozenset(
    [
        "curl",
        "wget",
        "ssh",
        "scp",
        "rsync",
        "sftp",
        "gh",
        "git-push",
        "kubectl",
        "aws",
        "gcloud",
        "az",
    ]
)
_REQUIRES = re.compile(
    r"\brequire\(\s*['\"]([^'\"./][^'\"]*)['\"]|\bfrom\s+['\"]([^'\"./][^'\"]*)['\"]"
)
_LIBRARY = re.compile(r"\b(?:library|require)\(\s*[\"']?(\w+)")
_OUTWARD = """
rsync scp ssh sftp kubectl terraform helm ansible-playbook aws gcloud az twine gh sendmail mail
docker systemctl crontab
"""
_CHANGES = frozenset(_OUTWARD.split())
_PUSHES = re.compile(
    r"\b(git push|npm publish|cargo publish|make (?:deploy|release|publish)|rm -r\w*)\b"
)


def needed(commands: Iterable[str], files: dict[str, str]) -> list[str]:
    """In words, each once. `files`: texts of scripts by path."""
    commands = list(commands)
    names = dict.fromkeys(p for line in commands for p in programs(line))
    own = {PurePosixPath(path).name for path in files}
    found = [f"`{name}`" for name in names if PurePosixPath(name).name not in own]
    locals_ = {PurePosixPath(path).stem for path in files}
    for path, text in files.items():
        more = [name for name in packages(path, text) if name not in locals_]
        found += [f"the package `{name}` (`{path}` imports it)" for name in more]
    if _REACHES & set(names) or any(_NETWORK.search(text) for text in files.values()):
        found.append("the network")
    return list(dict.fromkeys(found))


def packages(path: str, text: str) -> list[str]:
    """The packages that a script imports and its language does not bring."""
    suffix = PurePosixPath(path).suffix
    if suffix == ".py":
        return list(dict.fromkeys(_python(text)))
    if suffix in (".js", ".ts", ".mjs"):
        told = [a or b for a, b in _REQUIRES.findall(text)]
        return list(dict.fromkeys(name for name in told if not name.startswith("node:")))
    if suffix == ".R":
        return list(dict.fromkeys(_LIBRARY.findall(text)))
    return []


def _python(text: str) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in ast.walk(tree):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level and node.module:
            names = [node.module]
        for name in (each.partition(".")[0] for each in names):
            if name not in sys.stdlib_module_names:
                yield name


def outward(command: str) -> str:
    """What of a command changes things that others use; "" where nothing is known to."""
    if pushed := _PUSHES.search(command):
        return pushed[1]
    return next((name for name in programs(command) if name in _CHANGES), "")
