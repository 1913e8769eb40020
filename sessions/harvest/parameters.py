"""What varies in a recorded command: its arguments, under names that say what they are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from types import MappingProxyType

_WORD = re.compile(r"'[^']*'|\"[^\"]*\"|[^\s;&|<>()]+|[;&|<>()]+")
_FILE = re.compile(r"[\w./~+-]*\.(\w{1,8})\Z")
_DOTTED = re.compile(r"\.(\w{1,8})")
_DATA = """
csv tsv json jsonl ndjson xml yaml yml toml txt md rst html pdf docx odt xlsx ods parquet db sqlite
png jpg jpeg gif svg webp heic tif tiff wav mp3 mp4 srt log bib ics geojson npy zip gz tar ipynb eml
dump bak
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
_GLOB = re.compile(r"((?:[\w.~+-]+/)*[\w~+-][\w.~+-]*)(/(?:\*\*/)?\*(?:\.\w{1,8})?)\Z")
_FOLDER = re.compile(r"(?!https?:)(?:\w[\w.+-]*/)+(?:[\w+-]+)?\Z")
_HERE = r"(?P<quote>['\"])(?P<folder>[A-Za-z_][\w/-]*)"
_FOLDERS = tuple(
    (words.split(), re.compile(pattern))
    for words, pattern in (
        ("glob",
         rf"\bi?glob\(\s*{_HERE}(?P<rest>/(?:\*\*/)?\*(?:\.\w{{1,8}})?)(?P=quote)"),
        ("listdir scandir walk",
         rf"\b(?:listdir|scandir|walk)\(\s*{_HERE}(?P=quote)"),
        ("iterdir glob",
         rf"\bPath\(\s*{_HERE}(?P=quote)\s*\)\.(?:iterdir\(|r?glob\(['\"](?P<rest>[^'\"]*))"),
        ("iterdir glob",
         rf"(?P<name>\w+)\s*=\s*(?:pathlib\.)?Path\(\s*{_HERE}(?P=quote)\s*\)"
         r"(?=[\s\S]*\b(?P=name)\.(?:iterdir|r?glob)\()"),
        ("readdir",
         rf"\breaddir(?:Sync)?\(\s*{_HERE}(?P=quote)"),
        ("for",
         r"\bfor \w+ in (?P<folder>[A-Za-z_][\w/-]*)(?P<rest>/\*(?:\.\w{1,8})?)(?=[\s;])"),
    )
)  # fmt: skip
"""Where a script takes all files of a folder, behind words of which one is in it."""
_SAYS_NOTHING = frozenset(
    ["data", "file", "files", "input", "inputs", "output", "out", "test", "tmp", "temp", "new",
     "old", "final", "copy", "example", "readme", "index", "main", "the", "path"]
)  # fmt: skip
_ASSIGNED = re.compile(
    r"(?m)^\s*(?:const |let |var )?(\w+)\s*=\s*(?:[\w.]+\()?[\"']?"
    r"(?:(?:sys|process)\.argv\[|\$\{?)(\d)\b"
)
_SEVERAL = re.compile(r"(?m)^\s*(\w+(?:\s*,\s*\w+)+)\s*=\s*(sys\.argv\[.*)$")
_POSITIONAL = re.compile(
    r"(?:add_argument|click\.argument|Argument)\(\s*['\"]([A-Za-z][\w-]*)['\"]"
)
_SAYS_LITTLE = frozenset(
    ["arg", "args", "argument", "filename", "name", "value", "src", "dst", "source", "target"]
)
_OF_FILES = frozenset(
    ["out", "output", "input", "in", "file", "config", "from", "to", "into", "save", "data",
     "source", "target", "report", "log", "table", "template", "reference"]
)  # fmt: skip
"""Options that say what the file behind them is for; others say something else (`--list`)."""
_TALLY = re.compile(r"(?:[A-ZÄÖÜ][\w'-]+[ \t:]+){1,3}[-+]?\d[\d.,]*%?\Z")
_SUMMED = frozenset(
    ["total", "sum", "mean", "median", "average", "min", "max", "count", "rows", "lines", "all",
     "other", "others", "none"]
)  # fmt: skip
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

    @property
    def folder(self) -> bool:
        """Whether it is a folder: what lies in it is named by it as well."""
        return self.what.startswith("a folder")


def generalised(
    command: str, fixed: Iterable[str] = (), names: Mapping[str, str] = MappingProxyType({})
) -> tuple[str, list[CommandParameter]]:
    """The command with names in place of what varies, and those.

    Args:
        command: as it ran.
        fixed: words that stay, among them the files of a skill.
        names: what a script itself calls what it is given, by what was given.
    """
    known: dict[str, CommandParameter] = {}
    stay = set(fixed)
    out, at, before, ran = "", 0, "", False
    for found in _WORD.finditer(command):
        put = found[0]
        bare = put.strip("'\"")
        if bare in stay:
            ran = True
        elif varies := _varies(bare, before, ran):
            given, rest = varies
            if given.recorded not in known:
                taken = {each.name for each in known.values()}
                name = _free(names.get(given.recorded, given.name), taken)
                known[given.recorded] = replace(given, name=name)
            put = known[given.recorded].name + rest
        out += command[at : found.start()] + put
        at, before = found.end(), found[0]
    return out + command[at:], list(known.values())


def _varies(word: str, before: str, ran: bool) -> tuple[CommandParameter, str] | None:
    """What of a word varies, and what stands behind that; None for what belongs to the command.

    `ran`: what stays was there before it, so that a bare folder is what that is given.
    """
    folder, rest = folder_of(word)
    if folder:
        return CommandParameter(folder_name(folder), folder, _folder_with(rest)), rest
    if what := _kind(word, before):
        name, kind = what
        return CommandParameter(name, word, kind), ""
    if ran and _FOLDER.match(word):
        return CommandParameter(folder_name(word), word, "a folder"), ""
    return None


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
        named = option and option[1] in _OF_FILES
        name = option[1].replace("-", "_").upper() if option and named else file_name(word)
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


def file_name(path: str) -> str:
    """A file's name as a parameter: by what it is called, and what it is (`ORDERS_CSV`)."""
    place, ending = PurePosixPath(path), _ending(path)
    words = _telling(place.name.removesuffix(place.suffix))
    if not words and len(place.stem) == 1 and place.stem.isascii() and place.stem.isalpha():
        words = [*_telling(place.parent.name), place.stem] if place.parent.name else []
    return "_".join([*words, ending]).upper() if words else f"{ending}_FILE"


def folder_name(path: str) -> str:
    """A folder's name as a parameter, by what it is called (`PHOTOS_FOLDER`)."""
    for part in reversed(PurePosixPath(path).parts):
        if words := _telling(part):
            return "_".join([*words, "folder"]).upper()
    return "FOLDER"


def _telling(name: str) -> list[str]:
    words = re.findall(r"[A-Za-z]{2,}", name)
    return [word for word in words if word.lower() not in _SAYS_NOTHING and len(word) > 2][:2]


def folder_of(word: str) -> tuple[str, str]:
    """A folder whose files a word means, and what stands behind it (`photos/*.jpg`)."""
    found = _GLOB.match(word)
    return (found[1], found[2]) if found else ("", "")


def _folder_with(rest: str) -> str:
    kind = file_kind(rest).partition(" ")[2] if "." in rest else ""
    return f"a folder with {kind}s" if kind else "a folder"


def folders_in(script: str) -> Iterator[tuple[str, str]]:
    """Folders whose files a script takes, by their names in it, each once; with what is taken."""
    seen: set[str] = set()
    for words, pattern in _FOLDERS:
        if not any(word in script for word in words):
            continue
        for found in pattern.finditer(script):
            folder, rest = found["folder"].rstrip("/"), found.groupdict().get("rest") or ""
            if folder and folder not in seen and ".." not in folder:
                seen.add(folder)
                yield folder, rest


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


def names_data(command: str) -> bool:
    """Whether a word of a command may be a file of data: nothing else of it is looked at."""
    return any(ending.lower() in _ENDINGS for ending in _DOTTED.findall(command))


def within(script: str, made: Iterable[str] = ()) -> Iterator[CommandParameter]:
    """Files of data that a script names itself, but for those that it makes."""
    outputs = {PurePosixPath(path).name for path in made}
    for path, writes in _files_in(script):
        if not writes and PurePosixPath(path).name not in outputs:
            yield CommandParameter(file_name(path), path, _file_of(_ending(path)))
    for folder, rest in folders_in(script):
        yield CommandParameter(folder_name(folder), folder, _folder_with(rest))


def written_by(script: str, made: Iterable[str]) -> Iterator[CommandParameter]:
    """Files that a script names itself and makes: each of them is there."""
    outputs = {PurePosixPath(path).name for path in made}
    for path, _ in _files_in(script):
        if PurePosixPath(path).name in outputs:
            told = f"{_file_of(_ending(path))} that it makes"
            yield CommandParameter(f"NEW_{file_name(path)}", path, told)


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
    lines = printed.splitlines()
    tallies = sum(bool(_TALLY.match(line.strip())) for line in lines) > 1
    told = [
        _NAMED.sub(_named, line)
        if _ROW.match(line) or (tallies and _TALLY.match(line.strip()))
        else line
        for line in lines
    ]
    return "\n".join(told)


def _named(found: re.Match[str]) -> str:
    return found[0] if found[0] in _CALENDAR or found[0].lower() in _SUMMED else "NAME"


def names_within(script: str) -> list[str]:
    """What a script itself calls its arguments, in their order; "" where that says nothing."""
    numbered = {int(n): name for name, n in _ASSIGNED.findall(script)}
    for several, given in _SEVERAL.findall(script):
        targets = [each.strip() for each in several.split(",")]
        numbers = [int(n) for n in re.findall(r"argv\[(\d+)\]", given)]
        numbers = numbers or list(range(1, len(targets) + 1))
        numbered |= dict(zip(numbers, targets, strict=False))
    if not numbered:
        numbered = dict(enumerate(_POSITIONAL.findall(script), 1))
    if "process.argv" in script:  # before its arguments stands the script, and node before that
        numbered = {n - 1: name for n, name in numbered.items()}
    return [_as_name(numbered.get(n, "")) for n in range(1, max(numbered, default=0) + 1)]


def _as_name(name: str) -> str:
    says = name.lower() not in _SAYS_NOTHING | _SAYS_LITTLE and len(name) > 2
    return name.replace("-", "_").upper() if says else ""


def columns(script: str) -> list[str]:
    """The columns of a table that a script asks for by name, in its order."""
    return list(dict.fromkeys(_COLUMN.findall(script)))[:12]


def marks(texts: Iterable[str]) -> list[str]:
    """The marks of what was taken out that stand in some texts."""
    whole = "\n".join(texts)
    return [mark for mark in MARKS if re.search(rf"(?<![\w-]){mark}(?![\w-])", whole)]
