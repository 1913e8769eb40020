"""One task for many items: files, lines, rows, values, or the JSON list in an answer."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sessions.errors import UsageError
from sessions.plans.model import ForEach
from sessions.record import events as ev
from sessions.record.textlines import lines

MOST = 10_000
"""Items of one task."""
_MOST_BYTES = 64 * 2**20
_PLAIN_PATH = re.compile(r"[\w./@+=,#%~-]+")
_FENCE = re.compile(r"```[\w-]*\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FanoutItem:
    """One of many. `trusted`: the plan's own word, which need not be marked as foreign."""

    text: str
    number: int
    fields: dict[str, str] = field(default_factory=dict)
    trusted: bool = False

    def to_json(self) -> ev.JSON:
        """As it stands in a run's journal."""
        told: ev.JSON = {"text": self.text, "number": self.number}
        if self.fields:
            told["fields"] = self.fields
        if self.trusted:
            told["trusted"] = True
        return told

    @classmethod
    def from_json(cls, data: ev.JSON) -> FanoutItem:
        """As it stood there."""
        return cls(**data)


def items(wanted: ForEach, folders: Sequence[Path]) -> list[FanoutItem]:
    """The items of everything but an answer. `folders`: where files are looked for, in order.

    Raises UsageError: a file is missing or can't be read, or there are too many.
    """
    if wanted.files:
        found = _files(wanted.files, folders[0])
    elif wanted.lines:
        text = _read(wanted.lines, folders)
        found = [(line.strip(), {}, False) for line in lines(text) if line.strip()]
    elif wanted.rows:
        found = list(_rows(wanted.rows, folders))
    else:
        found = [(*_value(value), True) for value in wanted.values]
    return _numbered(found)


def of_answer(answer: str) -> list[FanoutItem]:
    """The items of the JSON list that an answer is or holds. Raises UsageError."""
    values = _list_in(answer)
    if values is None:
        raise UsageError(
            "The answer holds no JSON list.", "Ask for one in the prompt: only a JSON list."
        )
    return _numbered([(*_value(value), False) for value in values])


def _numbered(found: list[tuple[str, dict[str, str], bool]]) -> list[FanoutItem]:
    if len(found) > MOST:
        raise UsageError(f"That makes {len(found)} items.", f"A task takes {MOST} at most.")
    return [FanoutItem(t, number, f, own) for number, (t, f, own) in enumerate(found, 1)]


def _files(pattern: str, folder: Path) -> list[tuple[str, dict[str, str], bool]]:
    if pattern.startswith(("/", "~")):
        raise UsageError(
            f"{pattern} is no pattern below {folder}.", "Name files from the task's directory."
        )
    hidden = any(part.startswith(".") for part in Path(pattern).parts)
    found: list[tuple[str, dict[str, str], bool]] = []
    try:
        for path in sorted(folder.glob(pattern)):
            where = path.relative_to(folder)
            if not path.is_file() or (not hidden and _is_hidden(where)):
                continue
            if len(found) > MOST:
                break
            found.append(_file(where))
    except (OSError, ValueError) as error:
        raise UsageError(f"{pattern} can't be looked up: {error}.") from error
    return found


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _file(path: Path) -> tuple[str, dict[str, str], bool]:
    text = str(path)
    fields = {"path": text, "name": path.name, "stem": path.stem, "suffix": path.suffix}
    return text, {**fields, "parent": str(path.parent)}, bool(_PLAIN_PATH.fullmatch(text))


def _read(name: str, folders: Sequence[Path]) -> str:
    for folder in folders:
        path = folder / Path(name).expanduser()
        if path.is_file():
            break
    else:
        looked = " and ".join(str(f) for f in dict.fromkeys(folders))
        raise UsageError(f"There is no file {name}.", f"It was looked for in {looked}.")
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(f"{path} is larger than {_MOST_BYTES // 2**20} MB.")
        return path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} can't be read: {error}.", "It must be text in UTF-8.") from error


def _rows(name: str, folders: Sequence[Path]) -> Iterator[tuple[str, dict[str, str], bool]]:
    suffix = Path(name).suffix.lower()
    if suffix in (".jsonl", ".ndjson"):
        yield from _objects(name, _read(name, folders))
    elif suffix in (".csv", ".tsv"):
        yield from _cells(name, _read(name, folders), "\t" if suffix == ".tsv" else ",")
    else:
        raise UsageError(
            f"{name} is neither .csv, .tsv nor .jsonl.", "For any other text use `lines`."
        )


def _cells(name: str, text: str, comma: str) -> Iterator[tuple[str, dict[str, str], bool]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=comma, strict=True)
    heads: list[str] = []
    try:
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            if not heads:
                heads = [head.strip() for head in row]
                if len(set(heads)) < len(heads) or not all(heads):
                    raise UsageError(f"{name}, line 1: the heads of the columns must differ.")
            elif len(row) != len(heads):
                raise UsageError(
                    f"{name}, line {reader.line_num}: {len(row)} cells under {len(heads)} heads.",
                    "Quote a cell that holds the separator.",
                )
            else:
                fields = dict(zip(heads, row, strict=True))
                yield json.dumps(fields, ensure_ascii=False), fields, False
    except csv.Error as error:
        raise UsageError(f"{name}, line {reader.line_num}: {error}.") from error


def _objects(name: str, text: str) -> Iterator[tuple[str, dict[str, str], bool]]:
    for number, line in enumerate(lines(text), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"{name}, line {number} is not JSON: {error}.") from error
        yield (*_value(value), False)


def _value(value: Any) -> tuple[str, dict[str, str]]:
    """A value as text, and its fields if it has any."""
    if isinstance(value, dict):
        return _text(value), {str(k): _text(v) for k, v in value.items()}
    return _text(value), {}


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _list_in(answer: str) -> list[Any] | None:
    fenced = [m[1] for m in _FENCE.finditer(answer)]
    for text in (answer, *reversed(fenced)):
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if (found := _as_list(value)) is not None:
            return found
    decoder = json.JSONDecoder()
    for start in (m.start() for m in re.finditer(r"\[", answer)):
        try:
            value, _ = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, list):
            return value
    return None


def _as_list(value: Any) -> list[Any] | None:
    """A list, or the only list that an object holds."""
    if isinstance(value, list):
        return value
    lists = [v for v in value.values() if isinstance(v, list)] if isinstance(value, dict) else []
    return lists[0] if len(lists) == 1 else None
