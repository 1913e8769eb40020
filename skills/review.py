"""What a skill is, for a person to look at before its first use.

The tree, the scripts, the addresses, the commands, the tools it asks for, and what deserves a
look, each with file, line and context. It is advice and no gate: on benign public collections
such patterns fire often, and a hidden attack passes any scan; so nothing here sums up to a badge.
Nothing is run, and links are not followed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from skills import parse
from skills import text as unseen
from skills.errors import Unreadable
from skills.shapes import SkillFileKind, SkillFileSeen, SkillNote, SkillNoteKind, SkillSeen
from skills.skill import MAX_FILES, Skill, walk
from skills.tokens import estimate

MAX_NOTES = 500
_MAX_TEXT = 1024 * 1024
_MAX_ALL = 20 * 1024 * 1024
_SCRIPTS = re.compile(
    r"\.(py|sh|bash|zsh|fish|js|mjs|cjs|ts|rb|pl|php|ps1|bat|cmd|lua|r|go|rs|jl|swift|applescript)"
    r"\Z",
    re.IGNORECASE,
)
_ARCHIVES = re.compile(r"\.(zip|tar|gz|tgz|bz2|xz|7z|rar|whl|jar|skill)\Z", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"'`)\]}\\]+", re.IGNORECASE)
_SHELL_FENCE = re.compile(r"^\s*(?:```|~~~)\s*(?:ba|z|fi)?(?:sh|shell|console|terminal)\b", re.I)
_FENCE = re.compile(r"^\s*(?:```|~~~)")
_COMMENT = re.compile(r"<!--(.*?)-->", re.DOTALL)
_WORDS = re.compile(r"[A-Za-z]{2,}")

# (kind, what it may mean, pattern). Sources: the attacks named in Snyk's ToxicSkills (2605.28588),
# 2601.10338 and the threat taxonomy of the public scanners.
_PATTERNS: tuple[tuple[SkillNoteKind, str, re.Pattern[str]], ...] = tuple(
    (cast("SkillNoteKind", kind), says, re.compile(pattern, re.IGNORECASE))
    for kind, says, pattern in (
        (
            "pipe-to-shell",
            "runs what it downloads",
            r"(?:curl|wget|iwr|irm)\b[^|\n]{0,400}\|\s*(?:sudo\s+)?(?:ba|z|da|k)?sh\b"
            r"|(?:curl|wget)\b[^|\n]{0,400}\|\s*(?:sudo\s+)?(?:python3?|node|perl|ruby|iex)\b"
            r"|(?:ba|z)?sh\s+<\(\s*(?:curl|wget)|eval\s+[\"']?\$\(\s*(?:curl|wget)",
        ),
        (
            "network",
            "talks to the network",
            r"\b(?:curl|wget|ncat|nc|scp|rsync|sftp|telnet)\s+[-\w\"'$@/]"
            r"|\burllib\.request\b|\burlopen\(|\brequests\.(?:get|post|put|patch|delete|Session)\b"
            r"|\b(?:import|from)\s+(?:httpx|requests|aiohttp|socket|paramiko)\b"
            r"|\bfetch\(\s*[\"'`h]|\bXMLHttpRequest\b|\baxios\.|Invoke-WebRequest|/dev/tcp/",
        ),
        (
            "credentials",
            "touches keys or secrets",
            r"(?:~|\$HOME|/home/\w+|/root)?/?\.(?:ssh|aws|gnupg|kube|netrc|npmrc|pypirc)\b"
            r"|\bid_(?:rsa|ed25519|ecdsa)\b|(?:^|[\s\"'`/(])\.env(?:\.\w+)?(?=$|[\s\"'`),:;])"
            r"|/etc/(?:passwd|shadow)\b|\bfind-generic-password\b|\bkeyring\b"
            r"|\b[A-Z][A-Z0-9_]*(?:API_KEY|_TOKEN|_SECRET|PASSWORD)\b|\.credentials\.json",
        ),
        (
            "override",
            "speaks to the model over the user's head",
            r"\b(?:ignore|disregard|forget|override)\b.{0,40}"
            r"\b(?:previous|prior|above|earlier|system|all)\b.{0,30}\b(?:instruction|prompt|rule)"
            r"|\b(?:do not|don't|never)\s+(?:tell|mention|inform|reveal|show|ask)\b.{0,40}\buser"
            r"|\bwithout\s+(?:asking|telling|informing|confirmation)\b"
            r"|\b(?:do not|don't)\s+(?:read|inspect|review|open)\b.{0,40}\b(?:script|file|code)"
            r"|--dangerously|--yolo\b|\bauto-?approve\b|\bbypass\w*\s+permission",
        ),
        (
            "destructive",
            "deletes or overwrites",
            r"\brm\s+-\w*[rf]\w*\s+-?\w*\s*(?:/|~|\$HOME|\*)|\bmkfs\b|\bdd\s+.*\bof=/dev/"
            r"|\bgit\s+push\s+.*--force\b|\bgit\s+reset\s+--hard\b|\bchmod\s+-?R?\s*777\b"
            r"|\bshutil\.rmtree\(",
        ),
        (
            "persistence",
            "changes what starts by itself",
            r"\bcrontab\b|\.(?:bashrc|zshrc|bash_profile|zprofile|profile)\b|LaunchAgents"
            r"|\bsystemctl\s+(?:--user\s+)?enable\b|\.git/hooks\b|authorized_keys"
            r"|\.claude/settings|\bhooks\.json\b",
        ),
        (
            "encoded",
            "hides what it says or runs",
            r"\bbase64\s+(?:-d|-D|--decode)\b|\bb64decode\(|\batob\(|fromCharCode"
            r"|\beval\(|\bexec\(|\bmarshal\.loads\(|\bpickle\.loads?\(|[A-Za-z0-9+/]{240,}={0,2}",
        ),
        ("privilege", "asks for more rights", r"\bsudo\s+\S|\bdoas\s+\S|\bsetuid\b|\bosascript\b"),
        (
            "runs-at-load",
            "a command that some programs run before anybody reads it (agentdeck does not)",
            r"(?:^|\s)!`[^`\n]+`",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class ReviewedFile:
    """One file."""

    path: str
    size: int
    kind: SkillFileKind
    executable: bool = False


@dataclass(frozen=True, slots=True)
class ReviewNote:
    """Something that deserves a look: `context` is the line and its neighbours, cleaned."""

    kind: SkillNoteKind
    path: str
    line: int
    says: str
    context: str


@dataclass(slots=True)
class SkillReview:
    """All that is shown before a skill's first use."""

    name: str
    path: Path
    description: str = ""
    files: list[ReviewedFile] = field(default_factory=list)
    urls: list[str] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    tools: list[str] = field(default_factory=list)
    notes: list[ReviewNote] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    """What was not looked at, and why."""
    body_tokens: int = 0

    @property
    def scripts(self) -> list[str]:
        """The files that can be run."""
        return [f.path for f in self.files if f.kind == "script" or f.executable]

    def to_json(self) -> SkillSeen:
        """As one JSON object."""
        return {
            "name": self.name,
            "path": str(self.path),
            "description": self.description,
            "body_tokens": self.body_tokens,
            "files": [cast("SkillFileSeen", asdict(f)) for f in self.files],
            "scripts": self.scripts,
            "urls": self.urls,
            "commands": self.commands,
            "tools": self.tools,
            "notes": [cast("SkillNote", asdict(n)) for n in self.notes],
            "left_out": self.left_out,
        }


def review(skill: Skill) -> SkillReview:
    """Look through the skill's folder."""
    report = SkillReview(
        name=skill.name,
        path=skill.path,
        description=skill.description,
        tools=list(skill.allowed_tools),
    )
    left = _MAX_ALL
    for path in walk(skill.path):
        left -= _file(report, skill.path, path, left)
        if left <= 0:
            report.left_out.append("The rest: more than 20 MiB of text.")
            break
    _strangers(report, skill.path)
    if len(report.files) >= MAX_FILES:
        report.left_out.append(f"Files beyond the first {MAX_FILES:,}.")
    if len(report.notes) > MAX_NOTES:
        report.left_out.append(f"{len(report.notes) - MAX_NOTES:,} more findings of these kinds.")
        del report.notes[MAX_NOTES:]
    report.urls = sorted(set(report.urls))[:200]
    report.commands = list(dict.fromkeys(report.commands))[:200]
    return report


def _file(report: SkillReview, folder: Path, path: Path, left: int) -> int:
    """Look at one file; the bytes that were read."""
    full = folder / path
    shown = unseen.one_line(path.as_posix())
    try:
        status = full.stat()
        executable = bool(status.st_mode & 0o111)
        if _ARCHIVES.search(path.suffix):
            report.files.append(ReviewedFile(shown, status.st_size, "archive", executable))
            report.notes.append(
                ReviewNote("archive", shown, 0, "an archive: its content is unseen", "")
            )
            return 0
        data = parse.read_bytes(full, min(_MAX_TEXT, max(left, 1)))
    except Unreadable as error:
        report.left_out.append(unseen.one_line(error.message))
        return 0
    except OSError as error:
        report.left_out.append(f"{shown}: {error.strerror}.")
        return 0
    if b"\0" in data[:8192]:
        report.files.append(ReviewedFile(shown, len(data), "binary", executable))
        if executable:
            report.notes.append(ReviewNote("binary", shown, 0, "a program that can't be read", ""))
        return 0
    text = parse.decode(data)
    report.files.append(ReviewedFile(shown, len(data), _kind(path, text), executable))
    if path.name == parse.FILE and len(path.parts) == 1:
        report.body_tokens = estimate(text)
    _text(report, shown, text)
    return len(data)


def _kind(path: Path, text: str) -> SkillFileKind:
    if path.name == parse.FILE:
        return "skill"
    return "script" if _SCRIPTS.search(path.suffix) or text.startswith("#!") else "text"


def _strangers(report: SkillReview, folder: Path) -> None:
    """Links and special files, which `walk` leaves out."""
    for count, full in enumerate(folder.rglob("*")):
        if count > MAX_FILES * 2:
            return
        shown = unseen.one_line(full.relative_to(folder).as_posix())
        if full.is_symlink():
            target = unseen.one_line(str(full.readlink()))
            says = _leads(full, folder)
            report.files.append(ReviewedFile(shown, 0, "link"))
            report.notes.append(ReviewNote("link", shown, 0, says, f"{shown} → {target}"))
        elif not full.is_file() and not full.is_dir():
            report.notes.append(ReviewNote("special", shown, 0, "neither file nor folder", shown))


def _leads(link: Path, folder: Path) -> str:
    """Where a link in a folder leads."""
    try:
        inside = link.resolve().is_relative_to(folder.resolve())
    except RuntimeError:  # before Python 3.13
        return "a link in a circle"
    return "a link" if inside else "a link that leaves the folder"


def _text(report: SkillReview, path: str, text: str) -> None:
    lines = text.split("\n")
    report.urls += (unseen.one_line(url).rstrip(".,;:") for url in _URL.findall(text))
    if path.endswith(".md"):
        report.commands += _commands(lines)
        report.notes += _comments(path, text, lines)
    for run in unseen.hidden(text):
        says = f"unseen characters ({run.kind}, {run.codes})"
        if run.says:
            says += f" that spell “{run.says[:200]}”"
        report.notes.append(ReviewNote("hidden", path, run.line, says, _context(lines, run.line)))
    for number, line in enumerate(lines, 1):
        for kind, says, pattern in _PATTERNS:
            if pattern.search(line[:5_000]):
                report.notes.append(ReviewNote(kind, path, number, says, _context(lines, number)))


def _commands(lines: list[str]) -> Iterator[str]:
    """What stands in the fenced shell blocks of a Markdown file."""
    inside = shell = False
    for line in lines:
        if _FENCE.match(line):
            inside, shell = not inside, not inside and bool(_SHELL_FENCE.match(line))
        elif shell and line.strip() and not line.lstrip().startswith("#"):
            yield unseen.one_line(line)[:200]


def _comments(path: str, text: str, lines: list[str]) -> Iterator[ReviewNote]:
    """HTML comments with a sentence in them: a reader of the page never sees these."""
    for match in _COMMENT.finditer(text):
        if len(_WORDS.findall(match.group(1))) >= 4:
            line = text.count("\n", 0, match.start()) + 1
            said = unseen.one_line(match.group(1))[:200]
            yield ReviewNote(
                "comment", path, line, f"a comment that says “{said}”", _context(lines, line)
            )


def _context(lines: list[str], number: int) -> str:
    """The line `number` (from 1) between its neighbours."""
    return "\n".join(unseen.clean(line)[:200] for line in lines[max(0, number - 2) : number + 1])
