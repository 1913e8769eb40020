"""Whether a folder is a skill by the letter of the Agent Skills specification.

Verdicts equal those of the reference validator (`skills-ref` 0.1.1), folder by folder, except
where that one is wrong, and there a finding or a piece of advice says so:

- a file that is no UTF-8 is invalid here (the reference stops with a traceback);
- a byte-order mark is no fault (it refuses one: "must start with YAML frontmatter");
- YAML's flow style is YAML (it refuses `{…}` and `[…]`);
- Unicode tag characters in the frontmatter are invalid (it lets hidden instructions pass);
- a relative path such as `.` is looked up first (it compares the name with `.`).

Source of the rules: agentskills/agentskills, docs/specification.mdx, and `skills_ref/validator.py`.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skills import frontmatter, parse
from skills import text as unseen
from skills.errors import Unreadable
from skills.frontmatter import Mapping, Value

FIELDS = ("name", "description", "license", "compatibility", "metadata", "allowed-tools")
MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500
# The reference has no limit; beyond this, reading is a risk and not a check.
_MAX_FILE = 16 * 1024 * 1024
_ODDITIES = {
    "anchor": "Write the value out.",
    "tag": "Take the tag away: all values are text.",
    "duplicate-key": "Keep one of them.",
    "indentation": "Indent the blocks of one level alike.",
    "merge": "Write its entries out.",
    "key": "Use plain words as keys.",
}
_ASCII_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*\Z")
_LINK = re.compile(r"\]\(\s*<?([^)>\s#]+)")


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault: the rule it breaks, where (`line` from 1, None = the whole), and the remedy."""

    rule: str
    line: int | None
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The verdict on the folder `path`. `advice` does not count against it."""

    path: Path
    findings: tuple[Finding, ...] = ()
    advice: tuple[Finding, ...] = ()

    @property
    def valid(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


@dataclass(slots=True)
class _Check:
    """What is being gathered for one folder."""

    folder: Path
    findings: list[Finding] = field(default_factory=list)
    advice: list[Finding] = field(default_factory=list)

    def fault(self, rule: str, line: int | None, message: str, remedy: str = "") -> None:
        self.findings.append(Finding(rule, line, message, remedy))

    def hint(self, rule: str, line: int | None, message: str, remedy: str = "") -> None:
        self.advice.append(Finding(rule, line, message, remedy))

    def report(self, path: Path) -> Report:
        order = lambda f: f.line or 0  # noqa: E731
        return Report(path, tuple(sorted(self.findings, key=order)), tuple(self.advice))


def validate(path: Path | str, *, thorough: bool = True) -> Report:
    """Check the skill folder `path` (or the folder of the SKILL.md that `path` names).

    `thorough` also looks for what is no fault but unwise: dead links, length, hidden characters.
    """
    shown = Path(path)
    # Not resolved: a folder that is a link is called as the link is, as in the reference.
    folder = Path(os.path.abspath(path))  # noqa: PTH100
    if folder.name.lower() == "skill.md" and folder.is_file():
        folder = folder.parent
    check = _Check(folder)
    file = _find(check)
    if file is not None:
        _check_file(check, file, thorough)
    return check.report(shown)


def check_text(text: str, folder_name: str) -> Report:
    """The verdict on a SKILL.md that is at hand as text."""
    check = _Check(Path(folder_name))
    mapping = _frontmatter(check, text)
    if mapping is not None:
        check.findings += check_values(mapping.values, mapping.lines, folder_name)
    return check.report(Path(folder_name))


def check_mapping(mapping: Mapping, front: str, folder_name: str) -> list[Finding]:
    """The findings on a frontmatter that is read already."""
    check = _Check(Path(folder_name))
    try:
        frontmatter.check_spaces(front)
    except Unreadable as error:
        check.fault(error.rule, None, error.message, error.hint)
    _oddities(check, mapping)
    return check.findings + check_values(mapping.values, mapping.lines, folder_name)


def find_skills(root: Path | str) -> Iterator[Path]:
    """The skill folders that `validate` on a whole tree means, in a steady order.

    `root` itself when it holds a SKILL.md (or is one, or holds none anywhere below).
    """
    top = Path(root)
    below = [] if not top.is_dir() or _skill_file(top) else _below(top)
    yield from below or [top]


def _below(top: Path) -> list[Path]:
    found: list[Path] = []
    for where, folders, files in os.walk(top):
        if "SKILL.md" in files:
            found.append(Path(where))
            folders.clear()
        folders[:] = sorted(f for f in folders if f not in (".git", "node_modules"))
    return found


def _skill_file(folder: Path) -> Path | None:
    return next((f for n in ("SKILL.md", "skill.md") if (f := folder / n).exists()), None)


def _find(check: _Check) -> Path | None:
    folder = check.folder
    try:
        exists, is_folder = folder.exists(), folder.is_dir()
    except (OSError, ValueError):
        exists = is_folder = False
    if not exists:
        check.fault("missing", None, f"{unseen.one_line(str(folder))} does not exist.")
        return None
    if not is_folder:
        message = f"{unseen.one_line(folder.name)} is no folder."
        check.fault("not-a-folder", None, message, "A skill is a folder with a SKILL.md in it.")
        return None
    try:
        file = _skill_file(folder)
    except OSError as error:
        check.fault("unreadable", None, f"The folder can't be read: {error.strerror}.")
        return None
    if file is None:
        dangling = (folder / "SKILL.md").is_symlink()
        message = "SKILL.md is a link to nothing." if dangling else "There is no SKILL.md."
        check.fault("no-skill-md", None, message, "Write one: frontmatter, then instructions.")
    elif file.name == "skill.md":
        message = "The file is called skill.md; many programs look for SKILL.md alone."
        check.hint("file-name", None, message, "Rename it.")
    return file


def _check_file(check: _Check, file: Path, thorough: bool) -> None:
    try:
        data = parse.read_bytes(file, _MAX_FILE)
    except Unreadable as error:
        check.fault(error.rule, None, error.message, error.hint)
        return
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"Byte 0x{data[error.start]:02x} is no UTF-8."
        check.fault("encoding", line, message, "Save the file as UTF-8.")
        return
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if text.startswith("\ufeff"):
        text = text[1:]
        message = "The file begins with a byte-order mark; the reference validator refuses it."
        check.hint("bom", 1, message, "Save it as UTF-8 without a mark.")
    if len(data) > parse.MAX_BYTES:
        message = f"{len(data):,} bytes: agentdeck does not load more than {parse.MAX_BYTES:,}."
        check.hint("too-long", None, message, "Move detail to references/.")
    mapping = _frontmatter(check, text)
    if mapping is not None:
        check.findings += check_values(mapping.values, mapping.lines, check.folder.name)
    if thorough:
        _advise(check, text, mapping)


def _frontmatter(check: _Check, text: str) -> Mapping | None:
    """The frontmatter as the reference cuts it: from the first `---` to the next, anywhere."""
    if not text.startswith("---"):
        message = "The first line is not `---`."
        remedy = "Begin the file with `---`, the keys, and `---` again."
        check.fault("no-frontmatter", 1, message, remedy)
        return None
    parts = text.split("---", 2)
    if len(parts) < 3:
        message = "The frontmatter is never closed."
        check.fault("not-closed", 1, message, "Put a line `---` after its last key.")
        return None
    try:
        mapping = strict(parts[1])
    except Unreadable as error:
        line = frontmatter.error_line(error.__cause__)
        where = 1 if line is None else line + 1
        check.fault(error.rule, where, error.message, error.hint)
        mapping = None
    # A `---` that stands within a line, and not as one, is where other programs do not cut.
    if not parts[1].endswith("\n") or not re.match(r"[ \t]*(?:\n|\Z)", parts[2]):
        line = parts[1].count("\n") + 1
        message = "`---` within a line: some programs end the frontmatter here, some do not."
        check.hint("dashes", line, message, "Write an em dash or a comma in its place.")
    if mapping is None:
        return None
    _oddities(check, mapping)
    return mapping


def strict(front: str) -> Mapping:
    """`frontmatter.load`, and what strictyaml's parser (YAML 1.2) refuses besides.

    Raises:
        Unreadable: as `frontmatter.load`.
    """
    mapping = frontmatter.load(front)
    frontmatter.check_spaces(front)
    return mapping


def _oddities(check: _Check, mapping: Mapping) -> None:
    for oddity in mapping.oddities:
        if oddity.rule == "flow":
            message = oddity.message + " The reference validator refuses it."
            check.hint("flow", oddity.line + 1, message, "Use one line per entry.")
        else:
            check.fault(oddity.rule, oddity.line + 1, oddity.message, _ODDITIES[oddity.rule])


def check_values(
    values: dict[str, Value], lines: dict[str, int], folder_name: str | None
) -> list[Finding]:
    """The specification's rules on the frontmatter's values; `lines` count from 0."""
    found: list[Finding] = []
    for key in values:
        if key not in FIELDS:
            message = f"`{unseen.one_line(key)}` is not a key of the specification."
            remedy = f"Move it under `metadata:`; the keys are {', '.join(FIELDS)}."
            found.append(Finding("unknown-key", _line(lines, key), message, remedy))
    for key in ("name", "description"):
        if key not in values:
            message = f"`{key}` is missing."
            found.append(Finding(f"{key}-missing", 1, message, f"Add a line `{key}: …`."))
            continue
        value, line = values[key], _line(lines, key)
        if not isinstance(value, str) or not value.strip():
            message = f"`{key}` must be text, and not empty."
            found.append(Finding(f"{key}-empty", line, message, f"Write `{key}: …` on one line."))
        elif key == "name":
            found += (Finding(r, line, m, fix) for r, m, fix in name_faults(value, folder_name))
        elif len(value) > MAX_DESCRIPTION:
            message = f"`description` has {len(value):,} characters; {MAX_DESCRIPTION:,} may be."
            remedy = "Say what it does and when to use it; move the rest to the body."
            found.append(Finding("description-length", line, message, remedy))
    found += _compatibility(values, lines)
    found += _smuggled(values, lines)
    return found


def _line(lines: dict[str, int], key: str) -> int | None:
    return lines[key] + 1 if key in lines else None


def name_faults(value: str, folder_name: str | None) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a name: rule, message, remedy. `folder_name` None: not compared."""
    name = unicodedata.normalize("NFKC", value.strip())
    shown = unseen.one_line(name)[: MAX_NAME * 2]
    if len(name) > MAX_NAME:
        yield "name-length", f"`name` has {len(name)} characters; {MAX_NAME} may be.", "Shorten it."
    if name != name.lower():
        yield "name-case", f"`{shown}` has capital letters.", f"Write `{shown.lower()}`."
    if name.startswith("-") or name.endswith("-"):
        yield "name-hyphen", f"`{shown}` begins or ends with a hyphen.", "Take the hyphen away."
    if "--" in name:
        yield "name-hyphens", f"`{shown}` has two hyphens in a row.", "Leave one."
    if not all(c.isalnum() or c == "-" for c in name):
        remedy = "Use lowercase letters, digits and hyphens."
        yield "name-characters", f"`{shown}` has characters that a name may not have.", remedy
    if folder_name is not None and unicodedata.normalize("NFKC", folder_name) != name:
        folder = unseen.one_line(folder_name)
        message = f"The folder is called `{folder}` and the skill `{shown}`."
        yield "name-folder", message, "Give both one name."


def _compatibility(values: dict[str, Value], lines: dict[str, int]) -> Iterator[Finding]:
    if "compatibility" not in values:
        return
    value, line = values["compatibility"], _line(lines, "compatibility")
    if not isinstance(value, str):
        message = "`compatibility` must be text."
        yield Finding("compatibility-type", line, message, "Write it on one line.")
    elif len(value) > MAX_COMPATIBILITY:
        message = f"`compatibility` has {len(value)} characters; {MAX_COMPATIBILITY} may be."
        yield Finding("compatibility-length", line, message, "Shorten it.")


def _smuggled(values: dict[str, Value], lines: dict[str, int]) -> Iterator[Finding]:
    """Tag characters: the reference takes them, though only a model can read them."""
    for key, value in values.items():
        tags = [h for s in _strings({key: value}) for h in unseen.hidden(s) if h.kind == "tag"]
        if tags:
            says = "".join(h.says for h in tags)[:200]
            message = f"`{unseen.one_line(key)}` hides text in Unicode tag characters: “{says}”."
            remedy = "Take them out; the reference validator does not see them."
            yield Finding("tag-characters", _line(lines, key), message, remedy)


def _strings(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        if not value.isascii():
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    else:
        for key, item in value.items():
            yield from _strings(key)
            yield from _strings(item)


def _advise(check: _Check, text: str, mapping: Mapping | None) -> None:
    """What is within the rules and yet worth a change."""
    if mapping is not None:
        _advise_values(check, mapping)
    lines = text.count("\n") + 1
    if lines > 500:
        message = f"SKILL.md has {lines} lines; under 500 is advised."
        check.hint("length", None, message, "Move detail to references/.")
    for run in unseen.hidden(text)[:20]:
        says = f": “{run.says[:200]}”" if run.says else ""
        message = f"Unseen characters ({run.kind}, {run.codes}){says}."
        check.hint("hidden", run.line, message, "Take them out.")
    body_from = text.find("\n---", 3) + 1
    for match in _LINK.finditer(text, body_from):
        target = match.group(1)
        if ":" in target or target.startswith(("/", "mailto")):
            continue
        if not _there(check.folder, target):
            line = text.count("\n", 0, match.start()) + 1
            shown = unseen.one_line(target)[:100]
            check.hint("dead-link", line, f"`{shown}` leads nowhere.", "Add the file.")


def _there(folder: Path, target: str) -> bool:
    try:
        return (folder / target).exists()
    except (OSError, ValueError):
        return False


def _advise_values(check: _Check, mapping: Mapping) -> None:
    values, lines = mapping.values, mapping.lines
    name = values.get("name")
    named_well = not any(f.rule.startswith("name-") for f in check.findings)
    if isinstance(name, str) and named_well and not _ASCII_NAME.match(name.strip()):
        message = "`name` has letters outside a to z; the specification's text asks for these."
        check.hint("name-ascii", _line(lines, "name"), message, "Use a-z, 0-9 and `-`.")
    for key, kind in (("allowed-tools", str), ("license", str), ("metadata", dict)):
        if key in values and not isinstance(values[key], kind):
            wanted = "one line of text" if kind is str else "`key: value` lines"
            check.hint(f"{key}-type", _line(lines, key), f"`{key}` ought to be {wanted}.")
