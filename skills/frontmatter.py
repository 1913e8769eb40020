"""YAML of a SKILL.md's frontmatter, read so that nothing in it can run, grow or surprise.

libyaml parses and composes; the values are then taken from the nodes as they stand in the text:
every scalar is a string (`no` stays `no`, `1.10` stays `1.10`), nothing is constructed. Composing
recurses in C, where 60,000 opening brackets end the process, so nesting is measured beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml
from yaml.cyaml import CParser  # type: ignore[attr-defined]
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from skills.errors import Unreadable

Faces = dict[int, int]
"""What stands for an old line break while libyaml reads, by the break's code point."""
Value = str | list["Value"] | dict[str, "Value"]

MAX_BYTES = 64 * 1024
"""Frontmatter longer than this is not read."""
MAX_DEPTH = 16
MAX_NODES = 5_000
_MAX_BRACKETS = 200
# `- - - -`: every mark opens a level on the same line.
_COMPACT = re.compile(r"[-?:][ \t]")
_PLAIN = "plain"
# An anchor, an alias or a tag may only stand where a node begins.
# Line breaks of YAML 1.1, which libyaml speaks, and no longer of 1.2: given other faces meanwhile.
_OLD_BREAKS = (0x85, 0x2028, 0x2029)
_OLD_BREAK = re.compile("[\x85\u2028\u2029]")
# Where a value begins or ends they are white space to every parser; within one they are letters.
_OLD_EDGE = re.compile(
    "(?:^|[:?-])[ ]*[\x85\u2028\u2029]+|[\x85\u2028\u2029]+(?=[ ]*(?::[ \n]|:?$))", re.MULTILINE
)
_BLANKS = dict.fromkeys(_OLD_BREAKS, " ")
_PRIVATE = range(0xF0000, 0xFFFFE)
"""More characters that mean nothing to anybody than the longest frontmatter has."""
_LATE_BOM = re.compile("(?<=\n)\ufeff")
# JSON writes an emoji as two escapes; libyaml wants one.
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_TAB_IN_BLOCK = re.compile(r"^( +)\t+", re.MULTILINE)
_BLOCK_COMMENT = re.compile(r"^[^\n#'\"]*:[ \t]+[|>][-+0-9]*#", re.MULTILINE)
_MARKS = re.compile(r"(?:^|[:\-?,\[{])[ \t]*(?:[&*][^\s,\[\]{}]|!)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Oddity:
    """What is legal YAML and yet not to be written: `rule`, and the line in the text, from 0."""

    rule: str
    line: int
    message: str


@dataclass(slots=True)
class Mapping:
    """The frontmatter: its values, the line (from 0) of each top key, and what is odd in it."""

    values: dict[str, Value] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    oddities: list[Oddity] = field(default_factory=list)


class _Composer(CParser):
    """libyaml without any notion of types: what is not tagged has the tag `plain`."""

    def resolve(self, kind: object, value: object, implicit: object) -> str:
        return _PLAIN

    def descend_resolver(self, current: object, index: object) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass


def load(text: str) -> Mapping:
    """Read `text` as one YAML mapping.

    Raises:
        Unreadable: it is no YAML (`rule` is `yaml`), no mapping (`mapping`), too long or too
            deep (`bomb`). `error.__cause__` is the parser's own error where there is one.
    """
    faces = _faces(text)
    node = compose(text, faces)
    if not isinstance(node, MappingNode):
        raise Unreadable(
            "The frontmatter is not a list of `key: value` lines.",
            "Write `name:` and `description:`, one a line.",
            rule="mapping",
        )
    reader = _Reader(faces)
    result = Mapping(oddities=reader.oddities)
    for key, value in node.value:
        name = reader.key(key)
        if name in result.values:
            reader.odd("duplicate-key", key, f"The key `{name}` stands twice.")
        result.values[name] = reader.value(value, 1)
        result.lines[name] = _line(key)
    reader.indentation(node)
    if ("&" in text or "*" in text or "!" in text) and _MARKS.search(text):
        result.oddities += marks(text, faces)
    return result


def compose(text: str, faces: Faces) -> Node | None:
    """The tree of `text`'s only document, in which old line breaks have the `faces`.

    Raises:
        Unreadable: as for `load`.
    """
    _measure(text)
    try:
        return _compose(_of_today(text, faces))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise Unreadable(
            f"The frontmatter is not YAML: {_problem(error)}.",
            "Quote a value that holds `: `, ` #` or begins with a special character.",
            rule="yaml",
        ) from error


def _compose(text: str) -> Node | None:
    composer = _Composer(text)
    try:
        return composer.get_single_node()
    except yaml.YAMLError:
        # libyaml alone refuses a block scalar whose first line begins with a tab.
        respaced = _TAB_IN_BLOCK.sub(r"\1", text)
        if respaced == text:
            raise
        return _compose(respaced)
    finally:
        composer.dispose()


def error_line(error: BaseException | None) -> int | None:
    """The line (from 0) where the parser stopped, if `error` knows."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    line = getattr(mark, "line", None)
    return line if isinstance(line, int) else None


def _problem(error: Exception) -> str:
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    return str(problem).split("\n", 1)[0]


def _faces(text: str) -> Faces:
    """What stands in `text` for each old line break, where it has any: nothing that it says itself.

    Such a character may be written or escaped, and both must come back as they are.
    """
    if text.isascii() or not _OLD_BREAK.search(text):
        return {}
    said = text.lower()
    unsaid = (n for n in _PRIVATE if chr(n) not in text and f"{n:x}" not in said)
    return dict(zip(_OLD_BREAKS, unsaid, strict=False))


def _of_today(text: str, faces: Faces) -> str:
    """`text` so that libyaml (YAML 1.1) reads what a parser of YAML 1.2 would."""
    if faces:
        text = _OLD_EDGE.sub(lambda m: m.group().translate(_BLANKS), text).translate(faces)
    if "\\ud" in text or "\\uD" in text:
        text = _PAIR.sub(_one_escape, text)
    return text


def _one_escape(match: re.Match[str]) -> str:
    high, low = (int(part, 16) for part in match.groups())
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _line(node: Node) -> int:
    """libyaml's parser always says where; the stubs allow for hand-made nodes."""
    return node.start_mark.line if node.start_mark is not None else 0


def _measure(text: str) -> None:
    """Refuse what is too long, or nests deeper than any honest frontmatter."""
    if len(text) > MAX_BYTES:
        raise _bomb(f"The frontmatter has {len(text):,} characters; {MAX_BYTES:,} is the limit.")
    if text.count("[") + text.count("{") > _MAX_BRACKETS:
        depth = deepest = 0
        for char in text:
            depth += (char in "[{") - (char in "]}")
            deepest = max(deepest, depth)
        if deepest > _MAX_BRACKETS:
            raise _bomb(f"The frontmatter nests {deepest:,} brackets.")
    if len(text) > _MAX_BRACKETS and len(_COMPACT.findall(text)) > _MAX_BRACKETS:
        for line in text.split("\n"):
            if len(_COMPACT.findall(line)) > _MAX_BRACKETS:
                raise _bomb("The frontmatter nests too deep.")


def _bomb(message: str) -> Unreadable:
    return Unreadable(message, "Move what is long to the body or to a file.", rule="bomb")


class _Reader:
    """Takes values out of nodes; a node that is met again (an alias) counts again."""

    def __init__(self, faces: Faces) -> None:
        self._back = {face: char for char, face in faces.items()}
        self.oddities: list[Oddity] = []
        self._left = MAX_NODES

    def odd(self, rule: str, node: Node, message: str) -> None:
        self.oddities.append(Oddity(rule, _line(node), message))

    def key(self, node: Node) -> str:
        if not isinstance(node, ScalarNode):
            self.odd("key", node, "A key must be a word.")
            return "?"
        name = str(node.value)
        if name == "<<" and not node.style:
            self.odd("merge", node, "`<<` merges another block.")
        return name if name.isascii() else name.translate(self._back)

    def value(self, node: Node, depth: int) -> Value:
        self._left -= 1
        if self._left < 0 or depth > MAX_DEPTH:
            raise _bomb("The frontmatter's aliases or levels unfold into too much.")
        if isinstance(node, ScalarNode):
            text = str(node.value)
            return text if text.isascii() else text.translate(self._back)
        if isinstance(node, SequenceNode):
            self._flow(node)
            return [self.value(item, depth + 1) for item in node.value]
        assert isinstance(node, MappingNode)
        return self._mapping(node, depth)

    def _mapping(self, node: MappingNode, depth: int) -> Value:
        self._flow(node)
        values: dict[str, Value] = {}
        for key, value in node.value:
            name = self.key(key)
            if name in values:
                self.odd("duplicate-key", key, f"The key `{name}` stands twice.")
            values[name] = self.value(value, depth + 1)
        self.indentation(node)
        return values

    def _flow(self, node: SequenceNode | MappingNode) -> None:
        if node.flow_style:
            self.odd("flow", node, "`{…}` or `[…]`: YAML's flow style.")

    def indentation(self, node: MappingNode) -> None:
        """The reference parser wants the mappings within one mapping to begin at one column."""
        blocks = [value for _, value in node.value if isinstance(value, MappingNode)]
        for block in blocks[1:]:
            if block.start_mark.column != blocks[0].start_mark.column:
                message = "This block is indented differently from the one before it."
                self.odd("indentation", block, message)
                return


def marks(text: str, faces: Faces) -> list[Oddity]:
    """Anchors, aliases and tags in `text` (which composes), by the parser's own events."""
    text = _of_today(text, faces)
    try:
        return list(_marks(text))
    except yaml.YAMLError:
        return list(_marks(_TAB_IN_BLOCK.sub(r"\1", text)))


def _marks(text: str) -> Iterator[Oddity]:
    names = {"anchor": "An anchor or alias (`&x`, `*x`)", "tag": "A type tag (`!x`)"}
    parser = _Composer(text)
    try:
        while event := parser.get_event():
            for rule in names:
                if found := getattr(event, rule, None):
                    line = event.start_mark.line if event.start_mark is not None else 0
                    yield Oddity(rule, line, f"{names[rule]}: `{found}`.")
    finally:
        parser.dispose()


def check_spaces(text: str) -> None:
    """What parsers of YAML 1.2 refuse and libyaml reads over: a tab in a plain value, `|#`, a BOM.

    Raises:
        Unreadable: as `load`; `error.__cause__` knows the line, where there is one.
    """
    if "\ufeff" in text and _LATE_BOM.search(text):
        raise Unreadable(
            "A line of the frontmatter begins with a byte order mark.",
            "Remove the character U+FEFF; it is not seen.",
            rule="yaml",
        )
    if "\t" not in text and not _BLOCK_COMMENT.search(text):
        return
    try:
        for _ in yaml.scan(_of_today(text, _faces(text)), Loader=yaml.SafeLoader):
            pass
    except yaml.YAMLError as error:
        raise Unreadable(
            f"The frontmatter is not YAML: {_problem(error)}.",
            "Write spaces in place of tabs, or quote the value.",
            rule="yaml",
        ) from error
