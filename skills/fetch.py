"""Skills from a git repository: cloned shallow, without hooks, filters, prompts or submodules."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from skills import text as unseen
from skills.errors import Refused, SkillError

TIMEOUT_S = 180.0
_SCP_LIKE = re.compile(r"[\w.-]+@[\w.-]+:[^\s:][^\s]*\Z")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_TREE = re.compile(r"(https://[^/\s]+/[^/\s]+/[^/\s]+)/(?:-/)?tree/([^/\s#]+)(?:/([^\s#]+))?/?\Z")
_LOOPBACK = re.compile(r"http://(?:127\.0\.0\.1|localhost|\[::1\])[:/]")


@dataclass(frozen=True, slots=True)
class CloneSource:
    """Where to clone from; `ref`: a branch or tag, `below`: the folder in it, both may be ""."""

    url: str
    ref: str = ""
    below: str = ""


def is_url(source: str) -> bool:
    """Whether `source` means a repository and not a path."""
    return bool(_SCHEME.match(source) or _SCP_LIKE.match(source))


def parse_url(source: str) -> CloneSource:
    """Read `https://host/owner/repo`, `…/tree/REF/FOLDER` of a web page, `URL#FOLDER`, or scp form.

    Raises:
        Refused: a transport that is not safe, or that runs a program.
    """
    address, _, fragment = source.partition("#")
    if tree := _TREE.match(address):
        below = fragment or tree.group(3) or ""
        return CloneSource(tree.group(1), tree.group(2), _below(below))
    scheme = _SCHEME.match(address)
    allowed = ("https", "ssh", "git+ssh", "file")
    if scheme and scheme.group(1).lower() not in allowed and not _LOOPBACK.match(address):
        raise Refused(
            f"{unseen.one_line(scheme.group(1))}:// is not a way to fetch a skill.",
            "Use https:// or ssh.",
            entry=unseen.one_line(address),
        )
    if address.startswith("-"):
        raise Refused("That is no address.", entry=unseen.one_line(address))
    return CloneSource(address, "", _below(fragment))


def _below(folder: str) -> str:
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise Refused("The folder leaves the repository.", entry=unseen.one_line(folder))
    return "/".join(parts)


def _environment() -> dict[str, str]:
    """Ours, without what would lead git to another repository than the new one."""
    leading = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY")
    return {key: value for key, value in os.environ.items() if key not in leading}


def clone(repository: CloneSource, into: Path) -> Path:
    """Clone into the new folder `into`; the folder that was asked for in it.

    Raises:
        SkillError: git is missing, fails or takes too long, or the folder is not in it.
    """
    command = ["git", "-c", "core.hooksPath=/dev/null", "-c", "protocol.ext.allow=never"]
    command += ["-c", "credential.interactive=false", "-c", "core.fsmonitor=false"]
    command += ["clone", "--quiet", "--depth=1", "--single-branch", "--no-tags"]
    command += ["--no-recurse-submodules", "--template="]
    if repository.ref:
        command += [f"--branch={repository.ref}"]
    command += ["--", repository.url, str(into)]
    quiet = {
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ASKPASS": "true",
        "SSH_ASKPASS": "true",
        "GIT_LFS_SKIP_SMUDGE": "1",
        "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    }
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=_environment() | quiet,
        )
    except FileNotFoundError as error:
        raise SkillError("git is not installed.", "Install it, or download a zip.") from error
    except subprocess.TimeoutExpired as error:
        raise SkillError(f"git did not finish within {TIMEOUT_S:.0f} s.", "Try again.") from error
    shown = unseen.one_line(repository.url)
    if done.returncode:
        said = unseen.one_line(done.stderr.decode("utf-8", "replace"))[-300:]
        raise SkillError(f"git can't fetch {shown}: {said}", "Look at the address.")
    folder = into / repository.below if repository.below else into
    if not folder.is_dir() or not folder.resolve().is_relative_to(into.resolve()):
        raise SkillError(f"{shown} has no folder {unseen.one_line(repository.below)}.")
    return folder
