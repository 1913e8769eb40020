"""What commands of a session's branch and changes answer."""

from __future__ import annotations

from typing import Literal, NotRequired, TypedDict

from sessions.api.answers import Sent
from sessions.record.closed_sets import FileStatus, LandedHow, StagedHow, TreeState


class HunkShown(TypedDict):
    """A piece of a file's change, by the name with which it is staged or taken back.

    `staged`: how much of it git's index holds.
    """

    id: str
    staged: StagedHow
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    heading: str
    lines: list[str]


class FileShown(TypedDict):
    """A file of a change. `status`: in git's words; modes in octal, blobs by git's hash."""

    path: str
    old_path: str
    status: FileStatus
    binary: bool
    untracked: bool
    uncommitted: bool
    staged: StagedHow
    added: int
    removed: int
    old_mode: str
    new_mode: str
    old_blob: str
    new_blob: str
    hunks: list[HunkShown]


class CommitShown(TypedDict):
    """A commit of a session's own."""

    commit: str
    subject: str
    author: str
    at: str


class ChangesFound(TypedDict):
    """What is not as it was at the base, and the commits since, newest first.

    `nested`: folders that are repositories of their own, into which git does not look.
    """

    base: str
    head: str
    dirty: bool
    added: int
    removed: int
    commits: list[CommitShown]
    nested: list[str]
    files: list[FileShown]


class ChangesShown(ChangesFound):
    """All that a session changed, and whose it is: as `sessions diff --json` prints it."""

    id: str
    title: str
    repository: str
    branch: str
    base_ref: str


class TakenBack(TypedDict):
    """What was taken back: a file, and which part of it."""

    path: str
    what: str


class GivenBack(TypedDict):
    """The file to which it was given back."""

    path: str


class ChangesCommitted(TypedDict):
    """The commit that a session's changes became."""

    id: str
    commit: str


class MessageDrafted(TypedDict):
    """The message of a commit, by the session's model."""

    message: str


class BranchChecked(TypedDict):
    """How the configured check ended, in words, and the end of what it printed."""

    ok: bool
    how: str
    output: str


class ConflictShown(TypedDict):
    """One file that both sides changed; `kind` and `message` are git's."""

    path: str
    kind: str
    message: str


class Landed(TypedDict):
    """Where a session's branch landed: the target's commit now and before."""

    id: str
    landed: Literal[True]
    onto: str
    how: LandedHow
    commit: str
    before: str
    commits: int


class NotLanded(TypedDict):
    """What is in the way. `handed`: the session was told to mend it."""

    id: str
    landed: Literal[False]
    onto: str
    how: LandedHow
    conflicts: list[ConflictShown]
    message: str
    handed: NotRequired[Sent]


class Fetched(TypedDict):
    """What came back of a session on another machine, into a repository of this one.

    `branch`: "" where nothing was committed; `loose`: paths that are not committed, and stay there;
    `files`: where what it made beside its branch is kept; `left`: what is over the limit, by name.
    """

    id: str
    repository: str
    branch: str
    commit: str
    loose: list[str]
    files: list[str]
    left: list[str]


class Discarded(TypedDict):
    """A worktree that was put away. `ref` keeps it, but for the `ignored` files (how many)."""

    id: str
    discarded: Literal[True]
    ref: str
    commit: str
    branch: str
    path: str
    ignored: int


class BroughtBack(TypedDict):
    """A discarded worktree that is there again."""

    id: str
    restored: Literal[True]
    branch: str
    path: str


class Staged(TypedDict):
    """A file of which a hunk, or all, was put into git's index, or (False) taken out of it."""

    path: str
    staged: bool


class PictureSides(TypedDict):
    """A picture before and after, in base64 ("": not there). `why`: what keeps it from coming."""

    old: str
    new: str
    why: str


class PicturesShown(TypedDict):
    """Pictures of a change, by path."""

    pictures: dict[str, PictureSides]


class WorktreeListed(TypedDict):
    """A worktree, or what is kept of one."""

    state: TreeState
    path: str
    branch: str
    repository: str
    name: str
    session: str
    title: str
    orphan: bool
    holds: list[str]
    size: int
    created: str
    age_s: int
    ref: str
    commit: str


class Pruned(TypedDict):
    """Worktrees that were removed, and those that were left."""

    removed: list[WorktreeListed]
    left: list[WorktreeListed]
