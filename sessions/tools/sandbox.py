"""Commands in a sandbox of the system's: the working directory writable, the rest not.

Linux: bubblewrap. Everything is read-only but the workspace and a `/tmp` of the session's own;
secrets, agentdeck's own folders, `/run` (with its sockets) and other processes are out of sight;
no network unless it is allowed; capabilities dropped. What steers other programs (git's hooks
and config, other agents' configurations, shell start files) is read-only in the workspace too;
where it is not there, it is set aside as soon as it appears. Git works: the repository's folder
can be written, in a linked worktree and in a subfolder too, within the border of `git_border`.

macOS: sandbox-exec with a generated profile. Written from Apple's documented profile language
and other agents' published profiles; not run on a Mac by us yet, and `describe` says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sessions.tools import credentials, git_border, protected_paths, sockets
from sessions.tools.quarantine import Watchlist, set_aside


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
        "Commands can write in the working directory and a temporary folder of their own only, "
        "see no secrets and no other processes, and have no network unless you allow it.",
    )


_USERNS = "Allow unprivileged user namespaces (sysctl user.max_user_namespaces, AppArmor)."
_COVER = ["--ro-bind", "/dev/null"]
_BASE = (
    "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL",
)  # fmt: skip


def _describe_macos() -> Protection:
    if not Path("/usr/bin/sandbox-exec").exists():
        return Protection("", "sandbox-exec is not there.", "It comes with macOS.")
    return Protection(
        "sandbox-exec",
        "Commands are started under sandbox-exec: writing in the working directory and a "
        "temporary folder of their own only, "
        "secrets hidden, no network unless you allow it. This profile has not been tried on a "
        "Mac by its authors.",
    )


@dataclass(frozen=True, slots=True)
class Border:
    """What of a workspace and its repositories stays as it is while a command runs.

    `pinned`: git folders, writable, but not to be moved or replaced. `kept`: read-only. `absent`:
    what may not appear.
    """

    pinned: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    absent: tuple[Path, ...] = ()
    known: frozenset[tuple[Path, int]] = frozenset()
    """All git folders and `.git` files, each with its inode: one in its place is another."""


class Wrapped:
    """A command made ready for the sandbox. `finish` gives the workspace back as it should be."""

    def __init__(self, argv: list[str], sandbox: Sandbox, border: Border) -> None:
        self.argv = argv
        self._sandbox = sandbox
        self._border = border
        self._watchlist = Watchlist(sandbox.lists, border.absent)
        self._links = sandbox.links()
        self._finished = False

    @property
    def root(self) -> Path:
        """The workspace."""
        return self._sandbox.root

    def missed(self, output: bytes) -> bool:
        """Whether all that was printed is that something to be mounted has gone meanwhile.

        Sockets come and go, and so do repositories below a folder: one that was listed and is no
        more keeps bubblewrap from starting the command. `output`: what was printed, whole.
        """
        if not output.startswith(b"bwrap: ") or output.count(b"\n") > 1:
            return False
        mounted = [word for word in self.argv[: self.argv.index("--")] if word.startswith("/")]
        return any(os.fsencode(p) in output and not os.path.lexists(p) for p in mounted)

    def look(self) -> list[str]:
        """Set aside what the command has made by now of what it may not; what to tell of it."""
        return [] if self._finished else self._watchlist.look()

    def finish(self) -> list[str]:
        """The same at its end, links and new repositories too."""
        if self._finished:
            return []
        self._finished = True
        told = self._watchlist.done()
        for path, leads_to in self._links.items():
            told += _link_back(path, leads_to)
        return told + self._sandbox.look_at_new(self._border)


def _link_back(path: Path, leads_to: str) -> list[str]:
    """Put a protected link back that the command has replaced."""
    told: list[str] = []
    try:
        if path.is_symlink() and str(path.readlink()) == leads_to:
            return []
        if os.path.lexists(path):
            told.append(set_aside(path))
        path.symlink_to(leads_to)
        told.append(f"{path.name} was put back: it is a link to {leads_to}.")
    except OSError as error:
        told.append(f"{path} can't be put back as the link to {leads_to}: {error.strerror}.")
    return told


class Sandbox:
    """Wraps one session's commands. Made only where `describe().works`.

    `own` are agentdeck's folders, `files` the session's own (readable), `readable` what can be
    read though it lies in something hidden (skills), `tmp` what stands for `/tmp`, `home` the
    user's home folder, `lists` where it is written down what running commands may not make.
    """

    def __init__(
        self,
        root: Path,
        files: Path,
        own: Sequence[Path],
        tmp: Path,
        home: Path | None = None,
        readable: Sequence[Path] = (),
        lists: Path | None = None,
    ) -> None:
        self.kind = describe().name
        self.lists = lists
        self._nested = git_border.Nested(root)
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
        """The argv that runs `argv` inside. `finish` must be called when it has ended.

        Looks at the file system; for a thread.
        """
        border = self.border()
        if self.kind == "sandbox-exec":
            inside = ["/usr/bin/sandbox-exec", "-p", self.profile(network, border), *argv]
        else:
            inside = [*self.bubblewrap(border, network=network), "--", *argv]
        return Wrapped(inside, self, border)

    def border(self) -> Border:
        """What stays as it is, as it is now."""
        pinned: dict[Path, None] = {}
        kept = dict.fromkeys(self._steering())
        absent = {p: None for p in self._watched() if not os.path.lexists(p)}
        known: set[Path] = set()
        folders, files = self._nested.look()
        repository = git_border.repository(self.root)
        tops = [*([repository.common] if repository else []), *sorted(folders)]
        for top in dict.fromkeys(tops):
            if top == self.root:  # a bare repository as workspace; pinned by being the workspace
                pass
            elif not any(top.is_relative_to(p) for p in pinned):
                pinned[top] = None
            for folder in git_border.folders_of(top):
                known.add(folder)
                if repository and _of_another_worktree(folder, repository):
                    kept[folder] = None
                    continue
                there, missing = git_border.guarded(folder)
                kept |= dict.fromkeys(there)
                absent |= dict.fromkeys(missing)
            kept |= dict.fromkeys(git_border.followed(top, self.root))
        kept |= dict.fromkeys(f for f in files if not f.is_symlink())
        return Border(
            tuple(pinned),
            tuple(real for real in map(_mountable, kept) if real is not None),
            tuple(absent),
            frozenset((path, _inode(path)) for path in known | folders | files),
        )

    def look_at_new(self, before: Border) -> list[str]:
        """What is told of git folders and `.git` files that were not there before a command."""
        told: list[str] = []
        folders, files = self._nested.look()
        repository = git_border.repository(self.root)
        tops = {*folders, *([repository.common] if repository else [])}
        after = {f for top in tops for f in git_border.folders_of(top)} | folders
        for folder in sorted(f for f in after if (f, _inode(f)) not in before.known):
            told += [set_aside(path) for path in git_border.faults(folder)]
        for file in sorted(f for f in files if (f, _inode(f)) not in before.known):
            found = git_border.repository(file.parent)
            if found is None or found.own not in after:
                told.append(set_aside(file))
        return told

    def _watched(self) -> list[Path]:
        return [self.root / n for n in protected_paths.KEPT_FROM_COMMANDS]

    def bubblewrap(self, border: Border, *, network: bool) -> list[str]:
        """The bwrap command line, without the command."""
        root = str(self.root)
        args = [shutil.which("bwrap") or "bwrap", *_BASE, *(["--share-net"] if network else [])]
        args += ["--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        args += ["--bind", str(self.tmp), "/tmp", "--tmpfs", "/run"]
        # NixOS keeps all programs behind a link there.
        args += ["--ro-bind-try", "/run/current-system", "/run/current-system"]
        if network:  # name servers are often listed in a file below /run
            args += ["--ro-bind-try", "/run/systemd/resolve", "/run/systemd/resolve"]
        hidden = [p for p in self._secrets() if self._needs_hiding(p)]
        args += _hide(hidden)
        args += _hide(self._sockets(hidden))
        shown = [p for p in self.readable if p.is_dir() and not self.root.is_relative_to(p)]
        args += _show([p for p in shown if not p.is_relative_to(self.root)])
        args += ["--bind", root, root]
        for path in border.pinned:
            args += ["--bind", str(path), str(path)]
        args += _hide([p for p in self._secrets() if p.is_relative_to(self.root)])
        args += _show([p for p in shown if p.is_relative_to(self.root)])
        args += _show(border.kept)
        return [*args, "--remount-ro", "/dev", "--chdir", root]

    def _sockets(self, hidden: Sequence[Path]) -> list[Path]:
        """Sockets that could be reached: outside of the workspace, and of what is hidden whole."""
        folders = [p.resolve() for p in hidden]
        return [
            path
            for path in sockets.to_hide(self.home)
            if self._needs_hiding(path)
            and not path.is_relative_to(self.root)
            and not any(path.resolve().is_relative_to(folder) for folder in folders)
        ]

    def _secrets(self) -> list[Path]:
        """What is hidden, where it exists; agentdeck's own folders among it."""
        paths = [self.home / n for n in credentials.NAMES]
        paths += [self.home / n for n in (".claude", ".codex", ".gemini", ".config/opencode")]
        paths += self.own
        return [p for p in dict.fromkeys(paths) if p.exists() and p != self.root]

    def _needs_hiding(self, path: Path) -> bool:
        """Whether it would be seen: `/tmp` and `/run` are others' in there."""
        return not (path.is_relative_to("/tmp") or path.is_relative_to("/run"))

    def _steering(self) -> list[Path]:
        """What is made read-only in the workspace, where it exists."""
        names = {*protected_paths.KEPT_FROM_COMMANDS, ".gitmodules"}
        if self.root == self.home:
            names |= {".bashrc", ".bash_profile", ".profile", ".zshrc", ".zshenv", ".zprofile"}
            names |= {".gitconfig", ".config", ".local/bin", "bin", "Library/LaunchAgents"}
        paths = [self.root / n for n in sorted(names)]
        if (self.root / ".git").is_file():
            paths.append(self.root / ".git")  # a worktree's pointer to its repository
        # Nothing can be mounted over a link: what it leads to is protected, and `finish` sees to
        # the link itself. What lies outside the workspace is read-only anyway.
        there = [p.resolve() if p.is_symlink() else p for p in paths if p.exists()]
        return [p for p in dict.fromkeys(there) if p.is_relative_to(self.root)]

    def links(self) -> dict[Path, str]:
        """Protected names in the workspace that are links, and where they lead."""
        names = (*protected_paths.KEPT_FROM_COMMANDS, ".git/hooks", ".git")
        paths = [self.root / n for n in names]
        return {p: str(p.readlink()) for p in paths if p.is_symlink()}

    def profile(self, network: bool, border: Border | None = None) -> str:
        """The sandbox-exec profile (macOS)."""
        border = border or self.border()
        quote = _seatbelt_quote
        lines = [
            "(version 1)",
            "(allow default)",
            "(deny file-write*)",
            f"(allow file-write* (subpath {quote(self.root)}) (subpath {quote(self.tmp)})",
            '  (literal "/dev/null") (literal "/dev/tty") (literal "/dev/dtracehelper"))',
        ]
        for path in border.pinned:
            if not path.is_relative_to(self.root):
                lines.append(f"(allow file-write* (subpath {quote(path)}))")
        # The last line that fits holds: a workspace may lie in one of agentdeck's own folders.
        secrets = self._secrets()
        around = [p for p in secrets if self.root.is_relative_to(p)]
        for path in around:
            lines.append(f"(deny file-read* file-write* (subpath {quote(path)}))")
        if around:
            lines.append(f"(allow file-read* file-write* (subpath {quote(self.root)}))")
        for path in dict.fromkeys([*border.kept, *border.absent]):
            lines.append(f"(deny file-write* (subpath {quote(path)}))")
        for path in secrets:
            if path not in around:
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
        args += ["--tmpfs", str(real)] if real.is_dir() else [*_COVER, str(real)]
    return args


def _show(paths: Sequence[Path]) -> list[str]:
    return [word for path in paths for word in ("--ro-bind", str(path), str(path))]


def _inode(path: Path) -> int:
    try:
        return path.lstat().st_ino
    except OSError:
        return 0


def _mountable(path: Path) -> Path | None:
    """What is mounted for a path: bubblewrap mounts nothing over a link."""
    real = path.resolve() if path.is_symlink() else path
    return real if real.exists() else None


def _of_another_worktree(folder: Path, repository: git_border.GitFolder) -> bool:
    below = folder.parent == repository.common / "worktrees"
    return below and folder != repository.own


def _seatbelt_quote(path: Path) -> str:
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
