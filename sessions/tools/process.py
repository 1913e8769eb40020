"""Run one command under its supervisor: output spooled, ended whole, never outliving the engine."""

from __future__ import annotations

import asyncio
import contextlib
import marshal
import os
import re
import struct
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import MAGIC_NUMBER
from pathlib import Path

from sessions import child_process
from sessions.record import events as ev
from sessions.record.file_descriptors import user_limit
from sessions.safety import secrets_filter, user_umask
from sessions.tools import supervisor
from sessions.tools.command_output import Spool
from sessions.tools.fault import ToolFault
from sessions.tools.protected_paths import names

GRACE_S = 2.0
"""Between TERM and KILL."""
_DRAIN_S = 5.0

# What commands may see of the engine's environment. Never a key.
_PASSED = names(
    "PATH HOME LANG LANGUAGE TZ USER LOGNAME SHELL VIRTUAL_ENV CONDA_PREFIX CONDA_DEFAULT_ENV "
    "PYENV_ROOT PYENV_VERSION NVM_DIR NVM_BIN VOLTA_HOME GOPATH GOROOT GOBIN CARGO_HOME "
    "RUSTUP_HOME RUSTUP_TOOLCHAIN JAVA_HOME ANDROID_HOME DOTNET_ROOT GEM_HOME RBENV_ROOT ASDF_DIR "
    "ASDF_DATA_DIR MISE_DATA_DIR HOMEBREW_PREFIX NIX_PROFILES NIX_PATH NIX_SSL_CERT_FILE "
    "SSL_CERT_FILE SSL_CERT_DIR REQUESTS_CA_BUNDLE CURL_CA_BUNDLE NODE_EXTRA_CA_CERTS CC CXX "
    "PKG_CONFIG_PATH XDG_CONFIG_HOME XDG_DATA_HOME XDG_DATA_DIRS TMPDIR"
)
SET = {
    "TERM": "dumb",
    "NO_COLOR": "1",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    "PYTHONUNBUFFERED": "1",
    "DEBIAN_FRONTEND": "noninteractive",
}
"""What every command is told: nobody looks at it on a terminal."""
_ALWAYS = names("HOME PATH USER LOGNAME SHELL")
# Variables by which a program is made to run another, or to load code.
_LOADING = re.compile(
    r"LD_.*|DYLD_.*|BASH_ENV|ENV|BASH_FUNC_.*|PROMPT_COMMAND|PS[0-4]|IFS|SHELLOPTS|BASHOPTS|CDPATH"
    r"|PYTHONSTARTUP|PYTHONPATH|PYTHONHOME|PERL5.*|RUBYOPT|RUBYLIB|NODE_OPTIONS|NODE_PATH|GIT_.*"
    r"|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|EDITOR|VISUAL|BROWSER|LESSOPEN|LESSCLOSE|AGENTDECK_.*"
)


def environment(more: Sequence[str] = (), base: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of commands: an allow-list, `more` names of the user's, and no keys.

    A name that looks like a key's is left out even if it is in `more`, and so is a value that is
    one; a long key is looked for within values too, unless these are paths. HOME and PATH are
    always passed. PATH loses its relative entries, by which a
    workspace would supply programs.
    """
    base = os.environ if base is None else base
    keys = {v for k, v in base.items() if secrets_filter.keyish(k) and len(v) >= 8} - {
        base.get(name) for name in _ALWAYS
    }
    passed = {
        name: value
        for name, value in base.items()
        if (name in _PASSED or name.startswith("LC_") or name in more)
        and (name in _ALWAYS or not secrets_filter.keyish(name))
        and not _LOADING.fullmatch(name)
        and (name in _ALWAYS or not _holds(value, keys))
    }
    path = [p for p in passed.get("PATH", os.defpath).split(":") if p.startswith("/")]
    return passed | SET | {"PATH": ":".join(path)}


def _holds(value: str, keys: set[str]) -> bool:
    if value in keys:
        return True
    long = [key for key in keys if len(key) >= 16 and any(c.isdigit() for c in key)]
    return not value.startswith("/") and any(key in value for key in long)


@dataclass(frozen=True, slots=True)
class ProcessEnd:
    """How a command ended. `why`: "" by itself, `timeout`, `stopped` or `error` (not started)."""

    code: int | None = None
    signal: int | None = None
    left: int = 0
    stuck: int = 0
    why: str = ""
    message: str = ""

    @property
    def ok(self) -> bool:
        """It ended by itself, with exit code 0."""
        return self.code == 0 and not self.why


class Running:
    """A command that runs, or has run. Made by `start`."""

    def __init__(self, process: child_process.ChildProcess, status: int, spool: Spool) -> None:
        self._process = process
        self._status = status
        self.spool = spool
        self._why = ""
        self._timer: asyncio.TimerHandle | None = None
        self._watch = asyncio.ensure_future(self._follow())

    @property
    def done(self) -> bool:
        """Whether it has ended, with everything that it started."""
        return self._watch.done()

    async def wait(self) -> ProcessEnd:
        """How it ended; cancelling the wait does not end the command."""
        return await asyncio.shield(self._watch)

    def limit(self, seconds: float) -> None:
        """End it after that time."""
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(seconds, self.stop, "timeout")

    def unlimit(self) -> None:
        """Let it run as long as it likes."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def stop(self, why: str = "stopped") -> None:
        """Ask it and all that it started to end: TERM now, KILL after the grace."""
        if self.done or self._why:
            return
        self._why = why
        if self._process.stdin is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._process.stdin.write(b"T")

    async def _follow(self) -> ProcessEnd:
        try:
            reading = asyncio.ensure_future(self._read())
            await self._process.wait()
            # What could not be ended may hold the pipe open; its output is not waited for.
            await asyncio.wait([reading], timeout=_DRAIN_S)
            reading.cancel()
            report = self._report()
        finally:
            self.unlimit()
            os.close(self._status)
            self._process.let_go()
        self.spool.flush()
        if "error" in report:
            return ProcessEnd(why="error", message=str(report["error"]))
        return ProcessEnd(
            code=report.get("code"),
            signal=report.get("signal"),
            left=report.get("left") or 0,
            stuck=report.get("stuck") or 0,
            why=self._why,
        )

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while data := await self._process.stdout.read(65536):
            self.spool.feed(data)

    def _report(self) -> ev.JSON:
        try:
            data = os.read(self._status, 65536)
        except BlockingIOError:
            data = b""
        if not data:
            return {"error": "the command's supervisor was killed"}
        report = marshal.loads(data)  # the supervisor's, which hands it to no command
        assert isinstance(report, dict)
        return report


def _program() -> str:
    """The supervisor's, as the import here left it compiled: a start need not compile it anew."""
    compiled = supervisor.__spec__.cached if supervisor.__spec__ else None
    return compiled if compiled and _is_of(compiled, supervisor.__file__) else supervisor.__file__


def _is_of(compiled: str, source: str) -> bool:
    """Whether a compiled file is of its source as it is: run as a script, nobody else looks.

    Where Python writes none (PYTHONDONTWRITEBYTECODE) an older version's may lie there. The header
    is that of PEP 552; one with a hash in it is not taken.
    """
    try:
        with Path(compiled).open("rb") as file:
            magic, flags, made, size = struct.unpack("<4sIII", file.read(16))
        now = Path(source).stat()
    except (OSError, struct.error):
        return False
    own = magic == MAGIC_NUMBER and not flags
    return own and (made, size) == (int(now.st_mtime) & 0xFFFFFFFF, now.st_size & 0xFFFFFFFF)


async def start(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    spool: Spool,
    spare: int = 0,
    grace_s: float | None = None,
) -> Running:
    """Start a command. `spare`: generations of a sandbox's own processes (see supervisor).

    Raises:
        ToolFault: no process can be made.
    """
    spec = {
        "argv": list(argv),
        "cwd": str(cwd),
        "files": user_limit(),
        "grace_s": GRACE_S if grace_s is None else grace_s,
        "spare": spare,
        "umask": user_umask.current(),
    }
    read, write = os.pipe()
    os.set_blocking(read, False)
    # By a file that has no name: what stands on a command line may not be longer than 128 KiB.
    with tempfile.TemporaryFile() as told:
        try:
            told.write(marshal.dumps(spec))
            told.seek(0)
            making = asyncio.ensure_future(child_process.start(
                sys.executable, "-I", "-S", _program(), str(told.fileno()), str(write),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT, env=dict(env), cwd="/",
                pass_fds=(told.fileno(), write), start_new_session=True,
            ))  # fmt: skip
            try:
                process = await asyncio.shield(making)
            except asyncio.CancelledError:
                # Cancelled itself, asyncio would kill the supervisor alone, and what the command
                # has begun would live on: the supervisor ends it.
                try:
                    begun = Running(await making, read, spool)
                except (OSError, ValueError):
                    os.close(read)  # nothing has begun; the cancellation stands
                else:
                    begun.stop()
                    await begun.wait()
                raise
        except (OSError, ValueError) as error:
            os.close(read)
            raise ToolFault(f"The command can't be started: {error}.") from error
        finally:
            os.close(write)
    return Running(process, read, spool)
