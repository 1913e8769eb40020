"""What varies in a recorded command: its arguments, under names that say what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s;&|<>()]+|[;&|<>()]+")
_FILE = re.compile(r"[\w./~+-]*\.(\w{1,8})\Z")
_DATA = """
csv tsv json jsonl ndjson xml yaml yml toml txt md rst html pdf docx odt xlsx ods parquet db sqlite
png jpg jpeg gif svg webp wav mp3 mp4 srt log bib ics geojson npy zip gz tar ipynb eml
"""
_ENDINGS = frozenset(_DATA.split())
_SAME = {"jpeg": "JPG", "yml": "YAML", "sqlite": "DB", "htm": "HTML"}
_TEST = re.compile(r"(?:test_[\w.-]+|[\w.-]+[._](?:test|spec))\.\w{1,4}\Z")
_WRITES = re.compile(r"(?:save\w*|write\w*|dump|to_\w+|imwrite)\(\s*\Z|>\s*\Z")
_OPTION = re.compile(r"--([a-z][a-z-]{2,})")
_ROW = re.compile(r"[^|;,\t]+(?:[|;,\t][^|;,\t]*)+\Z")
_NAMED = re.compile(r"(?<![\w.])[A-ZÄÖÜ][a-zäöüß'-]+(?:[ \t]+[A-ZÄÖÜ][\w'-]*)*(?!\w)")
_DAYS = """
Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec January February March April June July August
September October November December Mon Tue Wed Thu Fri Sat Sun Monday Tuesday Wednesday Thursday
Friday Saturday Sunday
"""
_CALENDAR = frozenset(_DAYS.split())
_DATE = re.compile(r"\d{4}-\d\d(?:-\d\d)?\Z")
_VERSION = re.compile(r"v?\d+\.\d+\.\d+(?:[-+]\w[\w.]*)?\Z")
_BARE = re.compile(r"(?<=[\s<>])([\w][\w./-]*\.(\w{1,8}))(?=[\s;|&)]|\Z)")
"""A file's name in a script of the shell."""
_LITERAL = re.compile(r"['\"]([\w][\w./-]*\.(\w{1,8}))['\"]")
_COLUMN = re.compile(
    r"(?:\b(?:row|r|record|line|rec|df|data|frame|d)|\])\[[\"']([\w ]{1,40})[\"']\]"
)
MARKS = {
    "HOST": "a host", "USER": "a login", "EMAIL": "a mail address", "IP_ADDRESS": "an address",
    "PHONE": "a telephone number", "ADDRESS": "a postal address", "PERSON": "somebody's name",
}  # fmt: skip
"""What stands where something of the person was taken out."""


@dataclass(frozen=True, slots=True)
class CommandParameter:
    """An argument: its name, what stood there in the recording, what it is."""

    name: str
    recorded: str
    what: str


def generalised(command: str, fixed: Iterable[str] = ()) -> tuple[str, list[CommandParameter]]:
    """The command with names in place of what varies, and those. `fixed`: words that stay."""
    known: dict[str, CommandParameter] = {}
    stay = set(fixed)
    out, at, before = "", 0, ""
    for found in _WORD.finditer(command):
        word = found[0]
        bare = word.strip("'\"")
        if bare and bare not in stay and (what := _kind(bare, before)):
            if bare not in known:
                taken = {each.name for each in known.values()}
                known[bare] = CommandParameter(_free(what[0], taken), bare, what[1])
            out += command[at : found.start()] + known[bare].name
        else:
            out += command[at : found.end()]
        at, before = found.end(), word
    return out + command[at:], list(known.values())


def _kind(word: str, before: str) -> tuple[str, str] | None:
    """Name and kind of an argument that varies; None for what belongs to the command."""
    option = _OPTION.fullmatch(before)
    if word.startswith("-") or "=" in word.partition("/")[0] or word in MARKS:
        return None
    if "." in word and _TEST.match(PurePosixPath(word).name):
        return "TEST_FILE", "a file of tests"
    if word.startswith(("http://", "https://")):
        return "URL", "an address on the web"
    if _DATE.match(word):
        return "DATE", "a date"
    if _VERSION.match(word):
        return "VERSION", "a version"
    if (file := _FILE.match(word)) and file[1].lower() in _ENDINGS and "*" not in word:
        ending = _ending(word)
        name = option[1].replace("-", "_").upper() if option else f"{ending}_FILE"
        return name, _file_of(ending)
    if option and re.fullmatch(r"[\w.,:+-]{2,40}", word) and option[1] not in ("max-time",):
        return option[1].replace("-", "_").upper(), f"the value of --{option[1]}"
    return None


def _file_of(ending: str) -> str:
    """What a file of that ending is, in words."""
    name = {"MD": "Markdown", "DB": "database", "TXT": "text", "RST": "text"}.get(ending, ending)
    return f"{'an' if name[0] in 'AEIO' else 'a'} {name} file"


def file_kind(path: str) -> str:
    """What a file of data is, by its ending and in words; "" for any other."""
    return _file_of(_ending(path)) if path.rpartition(".")[2].lower() in _ENDINGS else ""


def with_free_names(takes: Iterable[CommandParameter], taken: set[str]) -> list[CommandParameter]:
    """The arguments, with a number behind a name that is `taken` or that one before them has."""
    named: list[CommandParameter] = []
    for each in takes:
        free = _free(each.name, taken | {other.name for other in named})
        named.append(replace(each, name=free))
    return named


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 2
    while free in taken:
        free, number = f"{name}_{number}", number + 1
    return free


def within(script: str, made: Iterable[str] = ()) -> Iterator[CommandParameter]:
    """Files of data that a script names itself, but for those that it makes."""
    outputs = {PurePosixPath(path).name for path in made}
    for path, writes in _files_in(script):
        if not writes and PurePosixPath(path).name not in outputs:
            kind = _ending(path)
            yield CommandParameter(f"{kind}_FILE", path, _file_of(kind))


def written_by(script: str, made: Iterable[str]) -> Iterator[CommandParameter]:
    """Files that a script names itself and makes: each of them is there."""
    outputs = {PurePosixPath(path).name for path in made}
    for path, _ in _files_in(script):
        if PurePosixPath(path).name in outputs:
            kind = _ending(path)
            yield CommandParameter(f"NEW_{kind}_FILE", path, f"{_file_of(kind)} that it makes")


def _files_in(script: str) -> Iterator[tuple[str, bool]]:
    """Files of data by the names in a script, each once, and whether that place writes it."""
    seen: set[str] = set()
    shell = re.match(r"#!.*sh\b", script)
    for found in (*_LITERAL.finditer(script), *(_BARE.finditer(script) if shell else ())):
        path, ending = found.groups()
        after = script[found.end() : found.end() + 8].lstrip(" ,")
        before = script[max(0, found.start() - 40) : found.start()]
        if ending.lower() in _ENDINGS and path not in seen:
            opens = after.startswith(("'w", '"w', "mode='w"))
            yield path, bool(opens or _WRITES.search(before))
            seen.add(path)


def _ending(path: str) -> str:
    ending = path.rpartition(".")[2]
    return _SAME.get(ending.lower(), ending.upper())


def shaped(printed: str) -> str:
    """Output whose rows of data name nobody: what is capitalised in them is `NAME`."""
    told = (_NAMED.sub(_named, li) if _ROW.match(li) else li for li in printed.splitlines())
    return "\n".join(told)


def _named(found: re.Match[str]) -> str:
    return found[0] if found[0] in _CALENDAR else "NAME"


def columns(script: str) -> list[str]:
    """The columns of a table that a script asks for by name, in its order."""
    return list(dict.fromkeys(_COLUMN.findall(script)))[:12]


def marks(texts: Iterable[str]) -> list[str]:
    """The marks of what was taken out that stand in some texts."""
    whole = "\n".join(texts)
    return [mark for mark in MARKS if re.search(rf"(?<![\w-]){mark}(?![\w-])", whole)]
