"""What a skill's commands and scripts need to be there: programs, packages, the network."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from sessions.harvest.commands import acts, programs, unquoted

_NETWORK = re.compile(
    r"\burllib\.request\b|\bimport requests\b|\bhttpx\b|\baiohttp\b|\bfetch\(|\b(?:curl|wget) |"
    r"\bNet::HTTP\b|\bhttp\.(?:Get|client)\b"
)
_ELSEWHERE = """
ssh scp rsync sftp gh kubectl aws gcloud az twine ansible-playbook
"""
"""What works on other machines: it needs the network, and changes what others use."""
_REACHES = frozenset(["curl", "wget", *_ELSEWHERE.split()])
_REACHES_BY = {
    "git": "push pull fetch clone ls-remote submodule",
    "hg": "push pull clone incoming outgoing",
    "npm": "install ci publish update",
    "pnpm": "install add publish update",
    "yarn": "install add publish upgrade",
    "pip": "install download",
    "pip3": "install download",
    "cargo": "install publish fetch update",
    "go": "get install",
    "docker": "pull push login",
    "podman": "pull push login",
    "helm": "repo pull push",
    "terraform": "init apply",
    "apt": "update install upgrade",
    "apt-get": "update install upgrade",
    "brew": "update install upgrade",
}
"""What programs that else stay here reach others by."""
_REQUIRES = re.compile(
    r"\brequire\(\s*['\"]([^'\"./][^'\"]*)['\"]|\bfrom\s+['\"]([^'\"./][^'\"]*)['\"]"
)
_LIBRARY = re.compile(r"\b(?:library|require)\(\s*[\"']?(\w+)")
_OUTWARD = """
terraform helm sendmail mail docker systemctl crontab
"""
_CHANGES = frozenset([*_OUTWARD.split(), *_ELSEWHERE.split()])
_CHANGES_BY = {
    "git": "push",
    "npm": "publish",
    "pnpm": "publish",
    "yarn": "publish",
    "cargo": "publish",
    "make": "deploy release publish",
}
_STEPS_BY = {"git": "tag merge rebase cherry-pick revert"}
"""What is a step of its own, though its program else only looks or keeps."""
_OF_NODE = """
assert buffer child_process cluster console crypto dgram dns events fs http http2 https module net
os path perf_hooks process querystring readline stream string_decoder timers tls tty url util v8 vm
worker_threads zlib
"""
_CALLED = {
    "PIL": "Pillow", "cv2": "opencv-python", "yaml": "PyYAML", "sklearn": "scikit-learn",
    "skimage": "scikit-image", "bs4": "beautifulsoup4", "dateutil": "python-dateutil",
    "dotenv": "python-dotenv", "docx": "python-docx", "pptx": "python-pptx", "fitz": "PyMuPDF",
    "serial": "pyserial", "Crypto": "pycryptodome", "git": "GitPython",
}  # fmt: skip
"""Packages that are imported by another name than they are installed by."""
_NODE = frozenset(_OF_NODE.split())
_REMOVES = re.compile(r"\brm -\w*r\w*")


def needed(commands: Iterable[str], files: dict[str, str]) -> list[str]:
    """In words, each once. `files`: texts of scripts by path."""
    commands = list(commands)
    names = dict.fromkeys(p for line in commands for p in programs(line))
    own = {PurePosixPath(path).name for path in files}
    found = [f"`{name}`" for name in names if PurePosixPath(name).name not in own]
    locals_ = {PurePosixPath(path).stem for path in files}
    for path, text in files.items():
        more = [name for name in packages(path, text) if name not in locals_]
        found += [f"the package `{_CALLED.get(name, name)}` (`{path}` imports it)" for name in more]
    reaches = any(_reaches(line) for line in commands)
    if reaches or any(_NETWORK.search(text) for text in files.values()):
        found.append("the network")
    return list(dict.fromkeys(found))


def packages(path: str, text: str) -> list[str]:
    """The packages that a script imports and its language does not bring."""
    suffix = PurePosixPath(path).suffix
    if suffix == ".py":
        return list(dict.fromkeys(_python(text)))
    if suffix in (".js", ".ts", ".mjs"):
        told = [a or b for a, b in _REQUIRES.findall(text)]
        own = (name for name in told if name.partition("/")[0] not in _NODE)
        return list(dict.fromkeys(name for name in own if not name.startswith("node:")))
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


def _reaches(command: str) -> bool:
    return any(
        program in _REACHES or _among(_REACHES_BY, program, what) for program, what in acts(command)
    )


def _among(those: dict[str, str], program: str, what: str) -> bool:
    """Whether a program is told to do one of the things that are listed for it."""
    return what in those.get(program, "").split()


def is_step(command: str) -> bool:
    """Whether a command does what belongs to a way of working, though it runs no file."""
    return bool(outward(command)) or any(
        _among(_STEPS_BY, program, what) for program, what in acts(command)
    )


def outward(command: str) -> str:
    """What of a command changes things that others use; "" where nothing is known to."""
    for program, what in acts(command):
        if program in _CHANGES:
            return program
        if _among(_CHANGES_BY, program, what):
            return f"{program} {what}"
    removed = _REMOVES.search(unquoted(command))
    return removed[0] if removed else ""
