"""Git as a program: never a prompt, never a hook, and what it refuses as a sentence.

Hooks and file system monitors are switched off for what is run here: the engine has no terminal
to ask at, and a repository that sets `core.hooksPath` to a folder of its own would let a session's
files run outside of the sandbox. Whoever wants a check before a landing configures one.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from sessions.errors import AgentdeckError, of_machine
from sessions.safety import user_umask
from sessions.safety.sanitise import clean_line

TIMEOUT_S = 600.0
"""Of one call: a large repository is checked out within it."""
_ALWAYS = (
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "gc.auto=0",
    "maintenance.auto=false", "advice.detachedHead=false", "color.ui=false",
)  # fmt: skip
_FLAGS = tuple(word for setting in _ALWAYS for word in ("-c", setting))
_ENV = {
    "LC_ALL": "C",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "GIT_SEQUENCE_EDITOR": "true",
    "GIT_MERGE_AUTOEDIT": "no",
    "GIT_PAGER": "cat",
    "SSH_ASKPASS": "true",
    "GIT_ASKPASS": "true",
}
LITERAL = {"GIT_LITERAL_PATHSPECS": "1"}
"""For `env`: paths are names, never patterns."""
QUIET = {"GIT_OPTIONAL_LOCKS": "0"}
"""For `env`: the index is only read, even where git would note in it what it has seen."""
_LOCKED = "Another git command runs there; wait for it. If none does, one was killed: remove {0}."


class GitFault(AgentdeckError):
    """What git refused. `said`: its own words."""

    def __init__(self, message: str, hint: str = "", said: str = "") -> None:
        super().__init__(message, hint)
        self.said = said


def run(
    folder: Path,
    words: Sequence[str],
    *,
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> subprocess.CompletedProcess[bytes]:
    """Run git in `folder` and return how it ended. For a thread.

    Raises:
        GitFault: git is not there, can't be started, or takes longer than `timeout_s`.
    """
    program = shutil.which("git")
    if program is None:
        raise GitFault("git is not installed.", "Install git, or do without a worktree.")
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    try:
        # Nothing to read is the end of the input, as /dev/null has it.
        return subprocess.run(
            [program, *_FLAGS, *words],
            cwd=folder,
            env={**clean, **_ENV, **(env or {})},
            capture_output=True,
            timeout=timeout_s,
            umask=user_umask.current(),
            input=stdin or b"",
        )
    except subprocess.TimeoutExpired as error:
        raise GitFault(f"git {words[0]} took longer than {timeout_s:g} s in {folder}.") from error
    except OSError as error:
        told = of_machine(error, f"run git in {folder}")
        raise GitFault(told.message if told else str(error), told.hint if told else "") from error


def git(
    folder: Path,
    *words: str,
    doing: str = "",
    stdin: bytes | None = None,
    env: Mapping[str, str] | None = None,
) -> bytes:
    """What git prints. `doing`: what can't be done if it refuses, as in "git can't …".

    Raises:
        GitFault: it refused.
    """
    done = run(folder, words, stdin=stdin, env=env)
    if done.returncode:
        raise fault(done, doing or f"run {words[0]} in {folder}")
    return done.stdout


def line(folder: Path, *words: str, doing: str = "") -> str:
    """The one thing that git prints, without the newline that it ends with."""
    return os.fsdecode(git(folder, *words, doing=doing).removesuffix(b"\n"))


def says(folder: Path, *words: str) -> str | None:
    """The same, or None where git says no."""
    done = run(folder, words)
    return None if done.returncode else os.fsdecode(done.stdout.removesuffix(b"\n"))


def names(out: bytes) -> list[str]:
    """Names that git printed with `-z`."""
    return [os.fsdecode(name) for name in out.split(b"\0") if name]


def fault(done: subprocess.CompletedProcess[bytes], doing: str) -> GitFault:
    """What git refused, as an error that may be read."""
    said = done.stderr.decode("utf-8", "replace").strip()
    told = [text for text in said.splitlines() if text.strip()]
    fatal = [text for text in told if text.startswith(("fatal:", "error:"))]
    words = clean_line((fatal or told or [f"it ended with {done.returncode}"])[0])
    words = words.removeprefix("fatal: ").removeprefix("error: ").rstrip(".")
    return GitFault(f"git can't {doing}: {words}.", _hint(said), said)


def _hint(said: str) -> str:
    if ".lock': File exists" in said:
        return _LOCKED.format(clean_line(said.split("'")[1]))
    if "dubious ownership" in said:
        return "The repository belongs to another user; see `git help config`, safe.directory."
    if "Read-only file system" in said or "Permission denied" in said:
        return "Git must be able to write in the repository."
    if "tell me who you are" in said:
        return "Tell git who you are: git config --global user.name, and user.email."
    if "No space left" in said:
        return "The disk is full: free some space, then try again."
    return ""
