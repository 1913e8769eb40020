"""Where things are kept.

`AGENTDECK_HOME` puts everything under one folder; without it the platform's standard
folders are used. Folders are made 0700 and files 0600, whatever the umask says.
"""

from __future__ import annotations

import errno
import os
import stat
import warnings
from pathlib import Path
from typing import NamedTuple

from sessions.errors import AgentdeckError

APP = "agentdeck"
JOURNAL = "journal.jsonl"
"""A session's record, in its folder."""
ASKED_IN = "agentdeck-ask-"
"""How the name of an empty folder begins in which an agent is asked a single question."""
# A Unix socket's path may be about 104 bytes on macOS and 108 on Linux.
_SOCKET_PATH_LIMIT = 100


class Places(NamedTuple):
    """The folders of one installation; nothing is created until it is asked for.

    No dataclass: to import what makes one takes a fifth of the time until the first frame.
    """

    config_file: Path
    data: Path
    state: Path
    run: Path
    my_skills: Path

    @property
    def sessions(self) -> Path:
        """One folder per session."""
        return self.data / "sessions"

    @property
    def worktrees(self) -> Path:
        """Worktrees of sessions: `<repository>/<branch>`."""
        return self.data / "worktrees"

    @property
    def landings(self) -> Path:
        """A note of each branch on its way into another one, for who takes up what is cut off."""
        return self.state / "landings"

    @property
    def worktree_steps(self) -> Path:
        """A note of each step on a worktree that is under way, for who takes up what is cut off."""
        return self.state / "worktree-steps"

    @property
    def index(self) -> Path:  # type: ignore[override]  # nobody asks a tuple's
        """The SQLite index, which can be thrown away."""
        return self.state / "index.db"

    @property
    def log(self) -> Path:
        """Where tracebacks go."""
        return self.state / "agentdeck.log"

    @property
    def socket(self) -> Path:
        """The engine's socket."""
        return self.run / "engine.sock"

    def session(self, session_id: str) -> Path:
        """The folder of one session."""
        return self.sessions / session_id


def places() -> Places:
    """The places that the environment asks for. Raises AgentdeckError: it names none."""
    home = os.environ.get("AGENTDECK_HOME")
    if home:
        try:
            root = Path(home).expanduser().absolute()
        except RuntimeError as error:
            raise AgentdeckError(
                f"AGENTDECK_HOME is {home}, and there is no such user.", "Set it to a folder."
            ) from error
        return Places(
            config_file=root / "config.toml",
            data=root / "data",
            state=root / "state",
            run=_short_enough(root / "run"),
            my_skills=root / "skills",
        )
    import platformdirs  # it takes a while, and where the folder is given nobody needs it

    runtime = _runtime()
    return Places(
        config_file=platformdirs.user_config_path(APP) / "config.toml",
        data=platformdirs.user_data_path(APP),
        state=platformdirs.user_state_path(APP),
        run=_short_enough(runtime),
        my_skills=Path.home() / ".agents" / "skills",
    )


def _runtime() -> Path:
    import platformdirs

    with warnings.catch_warnings():
        # Without XDG_RUNTIME_DIR a stand-in is used, which is made private all the same.
        warnings.simplefilter("ignore")
        try:
            return platformdirs.user_runtime_path(APP)
        except OSError as error:
            raise AgentdeckError(
                f"There is no safe runtime folder: {error}.", _ELSEWHERE
            ) from error


def _short_enough(run: Path) -> Path:
    """The runtime folder, or a short stand-in of the user's own where a socket would not fit."""
    if len(os.fsencode(run / "engine.sock")) <= _SOCKET_PATH_LIMIT:
        return run
    import hashlib
    import tempfile

    digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"agentdeck-{os.getuid()}-{digest}"


_ELSEWHERE = "Choose another folder by AGENTDECK_HOME (the socket's alone: by XDG_RUNTIME_DIR)."


def owned(path: Path) -> Path:
    """A folder, once it is sure that it is this user's and was not put there by another.

    What is not there yet is nobody's. Raises AgentdeckError: another user's folder, or a link of
    another user on the way to it.
    """
    for step in (path, *path.parents):
        try:
            status = step.lstat()
        except OSError:
            continue
        if stat.S_ISLNK(status.st_mode) and status.st_uid not in (os.getuid(), 0):
            raise AgentdeckError(f"{step} is a link that another user made.", _ELSEWHERE)
    try:
        owner = path.stat().st_uid
    except OSError:
        return path
    if owner != os.getuid():
        raise AgentdeckError(f"{path} belongs to another user.", _ELSEWHERE)
    return path


def private_folder(path: Path) -> Path:
    """Make `path` (and its parents) with mode 0700 and return it.

    Raises:
        AgentdeckError: it can't be made, or belongs to somebody else.
    """
    owned(path)
    try:
        for missing in [step for step in (path, *path.parents) if not step.exists()][::-1]:
            missing.mkdir(mode=0o700, exist_ok=True)
        owned(path)  # again: what is a folder of ours by now, nobody else can replace
        if path.stat().st_mode & 0o077:
            path.chmod(0o700)
        if not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    except OSError as error:
        raise AgentdeckError(
            f"Can't write to {path}: {error.strerror or error}.",
            "Make the folder writable, or set AGENTDECK_HOME to one that is.",
        ) from error
    return path


def own_bytes(path: Path, most: int) -> bytes:
    """What a file of ours holds. A pipe in its place keeps nobody waiting, for it has no end.

    Raises OSError: it is missing, no regular file, or longer than `most` bytes.
    """
    with open(path, "rb", opener=_at_once) as file:
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if found.st_size > most:
            raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(path))
        return file.read(most)


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)
