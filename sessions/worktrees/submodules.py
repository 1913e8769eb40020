"""Submodules of a new worktree, filled from those that the user's checkout has: no network."""

from __future__ import annotations

from pathlib import Path

from sessions.tools.git import GitFault, git, names, says

CARRIED = "agentdeck.carried"
"""Set in a clone that was made of what came from another machine."""
_DEEPEST = 5
_EMPTY = "Its submodule {0} is empty: {1}."


def fill(top: Path | None, path: Path, inner: str = "", depth: int = 0) -> list[str]:
    """Check out the submodules of `path` that are checked out in `top` too; what is to be told.

    Each is a clone of the user's own (on one disk nothing is copied), at the commit that the
    worktree names; its remote is the one that the user's has.
    """
    notes: list[str] = []
    for name, below in _named(path):
        shown = f"{inner}{below}"
        source = _source(top / below) if top is not None else None
        if source is None:
            notes.append(_EMPTY.format(shown, _why(top)))
            continue
        try:
            _check_out(path, name, below, source)
        except GitFault as fault:
            notes.append(_EMPTY.format(shown, str(fault).rstrip(".")))
            continue
        if top is not None and depth < _DEEPEST:
            notes += fill(top / below, path / below, f"{shown}/", depth + 1)
    return notes


def folders(path: Path) -> list[str]:
    """Where the submodules of a checkout are, filled or not. Raises GitFault."""
    if not (path / ".gitmodules").is_file():
        return []
    told = (entry.partition("\t") for entry in names(git(path, "ls-files", "--stage", "-z")))
    return [below for about, _, below in told if about.startswith("160000")]


def _named(path: Path) -> list[tuple[str, str]]:
    """Name and folder of each that the commit has."""
    try:
        there = set(folders(path))
        if not there:
            return []
        told = git(path, "config", "-z", "--file", ".gitmodules", "--get-regexp",
                   r"^submodule\..*\.path$")  # fmt: skip
    except GitFault:
        return []
    found = [entry.partition("\n") for entry in names(told)]
    return [
        (key.removeprefix("submodule.").removesuffix(".path"), below)
        for key, _, below in found
        if below in there
    ]


def _why(top: Path | None) -> str:
    if top is not None and says(top, "config", CARRIED) == "true":
        return "submodules do not come along to another machine"
    return "it is not checked out in yours either"


def _source(checkout: Path) -> Path | None:
    """The git folder of the user's submodule."""
    if not (checkout / ".git").exists():
        return None
    folder = says(checkout, "rev-parse", "--absolute-git-dir")
    return Path(folder) if folder else None


def _check_out(path: Path, name: str, below: str, source: Path) -> None:
    ours = ("-c", f"submodule.{name}.url={source}", "-c", "protocol.file.allow=always")
    git(path, *ours, "submodule", "--quiet", "update", "--init", "--checkout", "--", below,
        doing=f"fill the submodule {below}")  # fmt: skip
    inside = path / below
    git(inside, *ours[2:], "fetch", "--quiet", str(source),
        "+refs/remotes/origin/*:refs/remotes/origin/*",
        "+refs/heads/*:refs/remotes/checkout/*")  # fmt: skip
    url = says(source, "config", "remote.origin.url")
    if url:
        git(inside, "remote", "set-url", "origin", url)
