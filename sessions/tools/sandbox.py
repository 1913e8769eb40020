"""Commands in a sandbox of the system's: the working directory writable, the rest not.

Linux: bubblewrap. Everything is read-only but the workspace and a `/tmp` of the session's own;
secrets, agentdeck's own folders, `/run` (with its sockets) and other processes are out of sight;
no network unless it is allowed; capabilities dropped. What steers other programs (git's hooks
and config, other agents' configurations, shell start files) is read-only in the workspace too,
and kept from appearing where it is not.

macOS: sandbox-exec with a generated profile. Written from Apple's documented profile language
and other agents' published profiles; not run on a Mac by us yet, and `describe` says so.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sessions.tools import places_kept


@dataclass(frozen=True, slots=True)
class Protection:
    """What protects here. `name`: bubblewrap, sandbox-exec or "" (nothing)."""

    name: str
    detail: str
    remedy: str = ""

    @property
    def works(self) -> bool:
        """Whether commands can be sandboxed."""
        return bool(self.name)


@cache
def describe() -> Protection:
    """Try the system's sandbox, once per process, and say what was found."""
    if sys.platform == "darwin":
        return _describe_macos()
    if not sys.platform.startswith("linux"):
        return Protection("", "No sandbox is known for this system.", "Use Linux, macOS or WSL.")
    program = shutil.which("bwrap", path="/usr/bin:/bin:/usr/local/bin:/run/current-system/sw/bin")
    if program is None:
        return Protection(
            "",
            "bubblewrap is not installed: commands run with all your rights.",
            "Install bubblewrap (apt, dnf or pacman install bubblewrap).",
        )
    trial = [
        program,
        *_BASE,
        "--ro-bind",
        "/",
        "/",
        "--proc",
        "/proc",
        "--dev",
        "/dev",
        "--",
        "true",
    ]
    try:
        done = subprocess.run(trial, capture_output=True, timeout=10, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Protection("", f"bubblewrap does not work here: {error}.", _USERNS)
    if done.returncode != 0:
        said = done.stderr.decode("utf-8", "replace").strip()[:300]
        return Protection("", f"bubblewrap does not work here: {said}", _USERNS)
    return Protection(
        "bubblewrap",
        "Commands can write in the working directory only, see no secrets and no other "
        "processes, and have no network unless you allow it.",
    )


_USERNS = "Allow unprivileged user namespaces (sysctl user.max_user_namespaces, AppArmor)."
_BASE = (
    "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
)  # fmt: skip


def _describe_macos() -> Protection:
    if not Path("/usr/bin/sandbox-exec").exists():
        return Protection("", "sandbox-exec is not there.", "It comes with macOS.")
    return Protection(
        "sandbox-exec",
        "Commands are started under sandbox-exec: writing in the working directory only, "
        "secrets hidden, no network unless you allow it. This profile has not been tried on a "
        "Mac by its authors.",
    )


# How many running commands, of all sessions, hold a mask over a folder that was not there.
_masks: Counter[Path] = Counter()


@dataclass(slots=True)
class Wrapped:
    """A command made ready for the sandbox. `finish` gives the workspace back as it should be."""

    argv: list[str]
    folders: list[Path]
    files: list[Path]
    links: dict[Path, str]

    def finish(self) -> list[str]:
        """Remove the masks; set aside what the command made of what it may not make.

        Returns the names of what was set aside (`NAME.set-aside` beside it).
        """
        _masks.subtract(self.folders)
        for path in self.folders:
            if _masks[path] <= 0:
                del _masks[path]
                with contextlib.suppress(OSError):
                    path.rmdir()  # the empty mount point that the sandbox has left
        aside: list[str] = []
        for path in self.files:
            with contextlib.suppress(OSError):
                if os.path.lexists(path):
                    path.rename(path.with_name(path.name + ".set-aside"))
                    aside.append(path.name)
        for path, leads_to in self.links.items():
            with contextlib.suppress(OSError):
                if path.is_symlink() and str(path.readlink()) == leads_to:
                    continue
                if os.path.lexists(path):
                    path.rename(path.with_name(path.name + ".set-aside"))
                    aside.append(path.name)
                path.symlink_to(leads_to)
        self.folders, self.files, self.links = [], [], {}
        return aside


class Sandbox:
    """Wraps one session's commands. Made only where `describe().works`.

    `own` are agentdeck's folders, `files` the session's own (readable), `readable` what can be
    read though it lies in something hidden (skills), `tmp` what stands for `/tmp`, `home` the
    user's home folder.
    """

    def __init__(
        self,
        root: Path,
        files: Path,
        own: Sequence[Path],
        tmp: Path,
        home: Path | None = None,
        readable: Sequence[Path] = (),
    ) -> None:
        self.kind = describe().name
        self.root, self.own, self.tmp = root, tuple(own), tmp
        self.readable = tuple(dict.fromkeys([*readable, files]))
        self.home = (home or Path.home()).resolve()

    @property
    def generations(self) -> int:
        """How many of the sandbox's own processes stand above a command."""
        return 2 if self.kind == "bubblewrap" else 0

    @property
    def words(self) -> str:
        """For a permission request: what the sandbox leaves a command."""
        return "in a sandbox: writes only in the working directory, sees no secrets"

    def wrap(self, argv: Sequence[str], *, network: bool) -> Wrapped:
        """The argv that runs `argv` inside. `finish` must be called when it has ended."""
        files = [p for p in self._files_kept() if not os.path.lexists(p)]
        if self.kind == "sandbox-exec":
            inside = ["/usr/bin/sandbox-exec", "-p", self.profile(network), *argv]
            return Wrapped(inside, [], files, self._links())
        folders = self._missing_folders()
        _masks.update(folders)
        inside = [*self.bubblewrap(folders, network=network), "--", *argv]
        return Wrapped(inside, folders, files, self._links())

    def _files_kept(self) -> list[Path]:
        return [self.root / n for n in places_kept.MASKED_FILES]

    def _missing_folders(self) -> list[Path]:
        """Steering folders that are not there, or only as our own mask."""
        folders = [self.root / n for n in places_kept.MASKED_FOLDERS]
        git = self.root / ".git"
        if git.is_dir() and not git.is_symlink():
            folders.append(git / "hooks")
        return [p for p in folders if _masks[p] > 0 or not os.path.lexists(p)]

    def bubblewrap(self, missing: Sequence[Path], *, network: bool) -> list[str]:
        """The bwrap command line, without the command."""
        root = str(self.root)
        args = [shutil.which("bwrap") or "bwrap", *_BASE, *(["--share-net"] if network else [])]
        args += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        args += ["--bind", str(self.tmp), "/tmp", "--tmpfs", "/run"]
        # NixOS keeps all programs behind a link there.
        args += ["--ro-bind-try", "/run/current-system", "/run/current-system"]
        if network:  # name servers are often listed in a file below /run
            args += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
        args += _hide([p for p in self._secrets() if self._needs_hiding(p)])
        shown = [p for p in self.readable if p.is_dir() and not self.root.is_relative_to(p)]
        args += _show([p for p in shown if not p.is_relative_to(self.root)])
        args += ["--bind", root, root]
        args += _hide([p for p in self._secrets() if p.is_relative_to(self.root)])
        args += _show([p for p in shown if p.is_relative_to(self.root)])
        for path in self._steering():
            args += ["--ro-bind", str(path), str(path)]
        for path in missing:
            args += ["--tmpfs", str(path), "--remount-ro", str(path)]
        return [*args, "--remount-ro", "/dev", "--chdir", root]

    def _secrets(self) -> list[Path]:
        """What is hidden, where it exists; agentdeck's own folders among it."""
        names = (*places_kept.SECRET_FOLDERS, *places_kept.SECRET_FILES)
        paths = [self.home / n for n in names]
        paths += [self.home / n for n in (".claude", ".codex", ".gemini", ".config/opencode")]
        paths += self.own
        return [p for p in dict.fromkeys(paths) if p.exists() and p != self.root]

    def _needs_hiding(self, path: Path) -> bool:
        """Whether it would be seen: `/tmp` and `/run` are others' in there."""
        return not (path.is_relative_to("/tmp") or path.is_relative_to("/run"))

    def _steering(self) -> list[Path]:
        """What is made read-only in the workspace, where it exists and is no link."""
        names = {*places_kept.MASKED_FILES, *places_kept.AGENT_NAMES, ".husky", ".githooks"}
        names |= {".git/hooks", ".git/config", ".git/config.worktree", ".gitmodules"}
        if self.root == self.home:
            names |= {".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile"}
            names |= {".gitconfig", ".config", ".local/bin", "bin", "Library/LaunchAgents"}
        paths = [self.root / n for n in sorted(names)]
        if (self.root / ".git").is_file():
            paths.append(self.root / ".git")  # a worktree's pointer to its repository
        # Nothing can be mounted over a link: what it leads to is protected, and `finish` sees to
        # the link itself. What lies outside the workspace is read-only anyway.
        there = [p.resolve() if p.is_symlink() else p for p in paths if p.exists()]
        return [p for p in dict.fromkeys(there) if p.is_relative_to(self.root) and not _masks[p]]

    def _links(self) -> dict[Path, str]:
        """Protected names in the workspace that are links, and where they lead."""
        names = (*places_kept.MASKED_FOLDERS, *places_kept.MASKED_FILES, ".git/hooks", ".git")
        paths = [self.root / n for n in names]
        return {p: str(p.readlink()) for p in paths if p.is_symlink()}

    def profile(self, network: bool) -> str:
        """The sandbox-exec profile (macOS)."""
        quote = _seatbelt_quote
        lines = [
            "(version 1)",
            "(allow default)",
            "(deny file-write*)",
            f"(allow file-write* (subpath {quote(self.root)}) (subpath {quote(self.tmp)})",
            '  (literal "/dev/null") (literal "/dev/tty") (literal "/dev/dtracehelper"))',
        ]
        names = (
            *places_kept.MASKED_FOLDERS,
            *places_kept.MASKED_FILES,
            ".git/hooks",
            ".git/config",
        )
        for path in dict.fromkeys([*self._steering(), *(self.root / n for n in names)]):
            lines.append(f"(deny file-write* (subpath {quote(path)}))")
        for path in self._secrets():
            lines.append(f"(deny file-read* file-write* (subpath {quote(path)}))")
        for path in self.readable:
            lines.append(f"(allow file-read* (subpath {quote(path)}))")
        if not network:
            lines.append("(deny network*)")
        return "\n".join(lines)


def _hide(paths: Sequence[Path]) -> list[str]:
    args: list[str] = []
    for path in paths:
        real = path.resolve()  # bwrap can't mount over a link
        args += ["--tmpfs", str(real)] if real.is_dir() else ["--ro-bind", "/dev/null", str(real)]
    return args


def _show(paths: Sequence[Path]) -> list[str]:
    return [word for path in paths for word in ("--ro-bind", str(path), str(path))]


def _seatbelt_quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
