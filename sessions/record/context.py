"""Events → the conversation as a model is told it: Messages API messages.

A pure fold with one promise that costs money when it is broken: what has been told stays told
as it was. Later events only append (a skill's listing, a priming, a mark that an answer was
interrupted), so that a provider's cache of the prefix stays good; undoing a turn and compacting
are the two exceptions, and both are asked for.

Every `tool_use` is answered in the next user message (Messages API, tool use), by a synthetic
error where the record has no result.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

from sessions.record import events as ev
from sessions.record import pictures
from sessions.record.closed_sets import FilledBy
from sessions.record.message_pairing import THINKING, joined, paired
from sessions.safety.numbers_from_outside import count
from skills.tokens import estimate, quarters

INTERRUPTED = "[The answer above was cut off: {why}.]"
_SUMMARY = "[The conversation before this point was summarised to save room.]\n\n{summary}"
_BROKEN = "[Your call of the tool {name} came broken. {why}]"
_UNSHOWN = "[could not be shown: {why}]"

_SURROGATE = re.compile("[\ud800-\udfff]")
IMAGE_TOKENS = 1500
_PLAUSIBLE = 0.4
_MAX_TEXT_FILE = 200_000
_NOTES: dict[str, FilledBy] = {
    "skill": "skills", "skills": "skills", "priming": "primings", "files": "files",
}  # fmt: skip
_ORIGINS: dict[str, FilledBy] = {"priming": "primings", "skill": "skills"}
_READING = frozenset({"Read", "LS", "Glob", "Grep"})
_CUT = {
    "interrupted": "interrupted by the user",
    "error": "an error",
    "max_tokens": "the limit of the answer's length",
}


Role = Literal["user", "assistant"]


@dataclass(slots=True)
class _Part:
    """A stretch of one role within one turn."""

    role: Role
    turn: int
    seq: int
    blocks: list[ev.JSON] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    """Chunks of the text block that is being written."""
    replaced: list[_Part] = field(default_factory=list)
    """What a summary stands for, so that turns under it can still be undone."""

    def close_text(self) -> None:
        """Make a block of the chunks."""
        if self.text:
            joined = sound("".join(self.text))
            self.text.clear()
            if joined.strip():
                self.blocks.append({"type": "text", "text": joined})


class Context:
    """The conversation of one session. `folder` is the session's `files/`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._parts: list[_Part] = []
        self._undone: set[int] = set()
        self._open: dict[str, int] = {}
        """Tool calls without a result, and their turn."""
        self._broken: dict[str, str] = {}
        """Calls that came broken, and their tools: no calls to a server, told in words."""
        self._thinking: list[str] = []
        self._calls_of: dict[str, FilledBy] = {}
        """Of calls without a result, what that will be of."""
        self._skills: dict[str, str] = {}
        self._of: dict[int, tuple[ev.JSON, FilledBy]] = {}
        """Blocks, by their identity, that are of something else than the conversation."""
        self._unshown: dict[str, ev.ContextRefused] = {}
        """Pictures that were refused, by name."""
        self._quarters = 0
        """The size of the text, in quarters of a token."""
        self._images = 0
        self._beside = 0
        """By how many tokens a server counts more than is known here (its tools, say), or less."""
        self._last_turn = 0

    # -- reading

    def messages(self, *, unsigned: bool = False, by: str = "") -> list[ev.JSON]:
        """The conversation, roles alternating, the last one the user's.

        Attachments are read from `files/`; one that is gone is named instead. `unsigned`: with
        the thinking that came without a signature, which Anthropic's own server refuses, and
        which others demand; `by`: with what that server wants back as it came, in blocks
        `{"type": "carried", "data"}`.
        """

        stretches = (
            (part.role, [self._sendable(b) for b in self._whole(part) if _goes(b, unsigned, by)])
            for part in self._parts
        )
        return paired(joined(stretches))

    def filled(self, *, unsigned: bool = False, by: str = "") -> Iterator[tuple[FilledBy, ev.JSON]]:
        """What `messages` sends, block by block, and what each is of."""
        for part in self._parts:
            for block in self._whole(part):
                if _goes(block, unsigned, by):
                    _, of = self._of.get(id(block), (block, "conversation"))
                    yield of, self._sendable(block)

    @property
    def tokens(self) -> int:
        """About how many tokens `messages` takes, by what the server last counted."""
        return max(0, self._estimate + self._beside)

    @property
    def _estimate(self) -> int:
        return self._quarters // 4 + self._images * IMAGE_TOKENS

    def pictures(self) -> list[str]:
        """The names, under `files/`, of the pictures that are sent, as they stand in messages."""
        blocks = (block for part in self._parts for block in part.blocks)
        return [name for name in _pictures(blocks) if name not in self._unshown]

    def tokens_after(self, seq: int) -> int:
        """About how many tokens those parts take that stand wholly after `seq`."""
        return sum(_size_of(part) for part in self._parts if part.seq > seq)

    @property
    def summarised(self) -> int:
        """The `seq` up to which a summary stands for what was said; 0 = none does."""
        return max((part.seq for part in self._parts if part.replaced), default=0)

    def before_last_step(self) -> int:
        """The `seq` of what stands before the last answer and its results; 0 if that is little."""
        last = max((n for n, p in enumerate(self._parts) if p.role == "assistant"), default=0)
        return self._parts[last - 1].seq if last >= 3 else 0

    def steps_end(self, turn: int) -> int:
        """The `seq` of the last result of a turn that runs; 0 if it has no answer yet."""
        answered = any(part.role == "assistant" and part.turn == turn for part in self._parts)
        return self._parts[-1].seq if answered else 0

    def is_undone(self, turn: int) -> bool:
        """Whether a turn was taken back."""
        return turn in self._undone

    def skill_texts(self) -> dict[str, str]:
        """The text of every skill that went to the model by its name, the newest last."""
        return dict(self._skills)

    # -- folding

    def apply(self, event: ev.Event) -> None:
        """Take one event in."""
        handler = self._HANDLERS.get(type(event))
        if handler is not None:
            handler(self, event)

    def _part(self, role: Role, turn: int, seq: int) -> _Part:
        last = self._parts[-1] if self._parts else None
        if last is None or last.role != role or last.turn != turn or last.replaced:
            if last is not None:
                last.close_text()
            last = _Part(role, turn, seq)
            self._parts.append(last)
        last.seq = max(last.seq, seq)
        return last

    def _add(
        self, role: Role, turn: int, seq: int, block: ev.JSON, of: FilledBy = "conversation"
    ) -> None:
        part = self._part(role, turn, seq)
        part.close_text()
        part.blocks.append(block)
        if of != "conversation":
            self._of[id(block)] = block, of

    def _user(self, event: ev.UserMessage) -> None:
        self._last_turn = max(self._last_turn, event.turn)
        self._thinking.clear()
        told: list[tuple[str, FilledBy]] = []
        for note in event.notes:
            text, kind = sound(str(note.get("text", ""))), str(note.get("kind"))
            told.append((text, _NOTES.get(kind, "conversation")))
            if note.get("kind") == "skill":
                self._keep_skill(str(note.get("name")), text)
        if event.text.strip():
            told.append((sound(event.text), _ORIGINS.get(event.origin, "conversation")))
        for attachment in event.attachments:
            block = {"type": "attachment", **attachment}
            self._add("user", event.turn, event.seq, block, "files")
            self._images += str(attachment.get("media_type", "")).startswith("image/")
        for text, of in told:
            self._quarters += quarters(text)
            self._add("user", event.turn, event.seq, {"type": "text", "text": text}, of)

    def _text(self, event: ev.Text) -> None:
        self._think_unsigned(event)
        self._part("assistant", event.turn, event.seq).text.append(event.text)
        self._quarters += quarters(event.text)

    def _think(self, event: ev.Thinking) -> None:
        if event.redacted:
            self._think_unsigned(event)
            block: ev.JSON = {"type": "redacted_thinking", "data": event.redacted}
            if event.by:
                block = {"type": "carried", "by": event.by, "data": event.redacted}
            self._add("assistant", event.turn, event.seq, block)
            return
        self._thinking.append(event.text)
        if event.signature:
            block = {
                "type": "thinking",
                "thinking": "".join(self._thinking),
                "signature": event.signature,
            }
            self._thinking.clear()
            if sound(block["thinking"]) != block["thinking"]:
                return  # what was signed can't be sent, and what could be sent was not signed
            self._quarters += quarters(block["thinking"])
            self._add("assistant", event.turn, event.seq, block)

    def _think_unsigned(self, event: ev.Text | ev.Thinking | ev.ToolCall) -> None:
        """What was thought before this was never signed; what was only begun is not kept."""
        thought = sound("".join(self._thinking))
        self._thinking.clear()
        if thought.strip():
            self._quarters += quarters(thought)
            block: ev.JSON = {"type": "thinking", "thinking": thought, "signature": ""}
            self._add("assistant", event.turn, event.seq, block)

    def _call(self, event: ev.ToolCall) -> None:
        self._think_unsigned(event)
        if event.call in self._open and self._open[event.call] == event.turn:
            return  # told again with more detail, by an agent
        if event.malformed:
            self._broken[event.call] = event.name
            return
        self._open[event.call] = event.turn
        of = self._calls_of[event.call] = _of_tool(event)
        block: ev.JSON = {
            "type": "tool_use",
            "id": event.call,
            "name": event.name,
            "input": _sound_json(event.input),
        }
        self._quarters += quarters(str(event.input))
        self._add("assistant", event.turn, event.seq, block, of)

    def _result(self, event: ev.ToolResult) -> None:
        if (name := self._broken.pop(event.call, None)) is not None:
            text = _BROKEN.format(name=sound(name) or "without a name", why=sound(event.content))
            self._quarters += quarters(text)
            self._add("user", event.turn, event.seq, {"type": "text", "text": text})
            return
        if self._open.pop(event.call, None) is None:
            return
        of = self._calls_of.pop(event.call, "results")
        if of == "skills" and event.status == "ok":
            self._keep_skill(str(event.data.get("skill", event.call)), event.content)
        content: list[ev.JSON] = [{"type": "text", "text": sound(event.content) or "(no output)"}]
        content += [{"type": "attachment", **image} for image in event.images]
        self._images += len(event.images)
        block: ev.JSON = {"type": "tool_result", "tool_use_id": event.call, "content": content}
        if event.status != "ok":
            block["is_error"] = True
        self._quarters += quarters(event.content)
        self._add("user", event.turn, event.seq, block, of)

    def _keep_skill(self, name: str, text: str) -> None:
        self._skills.pop(name, None)
        self._skills[name] = text

    def _ended(self, event: ev.TurnEnded) -> None:
        self._thinking.clear()
        self._open = {call: turn for call, turn in self._open.items() if turn != event.turn}
        last = self._parts[-1] if self._parts else None
        if last is None:
            return
        last.close_text()
        if event.reason in _CUT and last.turn == event.turn and last.role == "assistant":
            text = INTERRUPTED.format(why=_CUT[event.reason])
            self._add("user", event.turn, event.seq, {"type": "text", "text": text})

    def _undo(self, event: ev.TurnUndone) -> None:
        self._undone |= set(range(event.turn, self._last_turn + 1))
        parts: list[_Part] = []
        for part in self._parts:
            # A summary that tells of an undone turn gives way to what it was made from.
            parts += _originals(part) if part.turn >= event.turn and part.replaced else [part]
        self._parts = [part for part in parts if part.turn < event.turn]
        self._recount()

    def _compact(self, event: ev.ContextCompacted) -> None:
        kept = [part for part in self._parts if part.seq > event.upto]
        gone = [part for part in self._parts if part.seq <= event.upto]
        covered = max((part.turn for part in gone), default=0)
        # Its `seq` is that of what it stands for, so that the next summary replaces it.
        summary = _Part("user", covered, event.upto, replaced=gone)
        text = _SUMMARY.format(summary=sound(event.summary))
        summary.blocks.append({"type": "text", "text": text})
        self._parts = [summary, *kept]
        self._recount()

    def _recount(self) -> None:
        self._quarters = sum(_quarters_of(part) for part in self._parts)
        self._images = sum(_images(part.blocks) for part in self._parts)
        self._beside = max(0, self._beside)

    def _refused(self, event: ev.ContextRefused) -> None:
        if event.what == "thinking":
            for part in self._parts:
                part.blocks = [b for b in part.blocks if b["type"] not in THINKING]
        self._unshown |= {Path(path).name: event for path in event.paths}

    def _set(self, event: ev.SessionSet) -> None:
        if {"model", "backend"} & event.changes.keys():
            # What the model before could not see at all, this one may.
            self._unshown = {name: why for name, why in self._unshown.items() if not why.every}

    def _counted(self, event: ev.BackendState) -> None:
        told = event.data.get("context")
        used = count(told.get("used")) if isinstance(told, dict) else None
        if used:
            # A count far below what was sent is none: some servers leave out what they cached.
            plausible = used >= self._estimate * _PLAUSIBLE
            self._beside = used - self._estimate if plausible else 0

    # -- blocks as they are sent

    def _whole(self, part: _Part) -> list[ev.JSON]:
        if part.text and (text := sound("".join(part.text))).strip():
            return [*part.blocks, {"type": "text", "text": text}]
        return part.blocks

    def _sendable(self, block: ev.JSON) -> ev.JSON:
        if block["type"] == "attachment":
            return self._attachment(block)
        if block["type"] == "tool_result":
            return {**block, "content": [self._sendable(b) for b in block["content"]]}
        return block

    def _attachment(self, block: ev.JSON) -> ev.JSON:
        name, media = str(block.get("path", "")), str(block.get("media_type", ""))
        path = self._folder / Path(name).name
        try:
            if media.startswith("image/"):
                return self._picture(path, media)
            data = path.read_bytes()
        except OSError:
            return {"type": "text", "text": f"[The file {name} is not there any more.]"}
        text = data[:_MAX_TEXT_FILE].decode("utf-8", "replace")
        return {"type": "text", "text": f"[File {block.get('name', name)}]\n{text}"}

    def _picture(self, path: Path, media: str) -> ev.JSON:
        """A picture, made smaller where it must be; the reason where it can't be shown."""
        if (refused := self._unshown.get(path.name)) is not None:
            return {"type": "text", "text": _UNSHOWN.format(why=refused.reason)}
        data, verdict = path.read_bytes(), pictures.look(path, pictures.most_side(self._images))
        known = pictures.image_kind(data) is not None or pictures.is_svg(data)
        if verdict.reason and known:
            return {"type": "text", "text": _UNSHOWN.format(why=verdict.reason)}
        encoded = base64.b64encode(verdict.data or data).decode("ascii")
        source = {"type": "base64", "media_type": verdict.media_type or media, "data": encoded}
        return {"type": "image", "source": source}

    _HANDLERS: ClassVar[dict[type[ev.Event], Callable[[Any, Any], None]]] = {
        ev.UserMessage: _user,
        ev.Text: _text,
        ev.Thinking: _think,
        ev.ToolCall: _call,
        ev.ToolResult: _result,
        ev.TurnEnded: _ended,
        ev.TurnUndone: _undo,
        ev.ContextCompacted: _compact,
        ev.BackendState: _counted,
        ev.ContextRefused: _refused,
        ev.SessionSet: _set,
    }


def _of_tool(call: ev.ToolCall) -> FilledBy:
    if call.name == "skill":
        return "skills"
    reads = call.kind in ("read", "search") or call.name in _READING
    return "files" if reads else "results"


def _goes(block: ev.JSON, unsigned: bool, by: str) -> bool:
    if block["type"] == "carried":
        return bool(block["by"] == by)
    return unsigned or block["type"] != "thinking" or bool(block["signature"])


def sound(text: str) -> str:
    """`text` without lone surrogates, which no request can carry; the record keeps them."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return _SURROGATE.sub("\ufffd", text)
    return text


def _sound_json(value: Any) -> Any:
    if isinstance(value, str):
        return sound(value)
    if isinstance(value, dict):
        return {sound(k): _sound_json(v) for k, v in value.items()}
    return [_sound_json(v) for v in value] if isinstance(value, list) else value


def _originals(part: _Part) -> list[_Part]:
    """What a summary was made from, summaries of summaries included."""
    found: list[_Part] = []
    for old in part.replaced:
        found += _originals(old) if old.replaced else [old]
    return found


def _quarters_of(part: _Part) -> int:
    return sum(quarters(str(b)) for b in part.blocks) + sum(quarters(chunk) for chunk in part.text)


def _size_of(part: _Part) -> int:
    return _quarters_of(part) // 4 + _images(part.blocks) * IMAGE_TOKENS


def _images(blocks: Iterable[ev.JSON]) -> int:
    return len(_pictures(blocks))


def _pictures(blocks: Iterable[ev.JSON]) -> list[str]:
    """The names of the pictures in blocks, those in results of tools included."""
    found: list[str] = []
    for block in blocks:
        if str(block.get("media_type", "")).startswith("image/"):
            found.append(Path(str(block.get("path", ""))).name)
        elif block.get("type") == "tool_result":
            found += _pictures(block["content"])
    return found


def as_text(messages: Iterable[ev.JSON], limit: int = 0) -> list[ev.JSON]:
    """Messages as text alone, for a question without tools: calls and results are told in words.

    `limit` in characters keeps the end (0 = all). Roles alternate, the user's first.
    """
    plain: list[ev.JSON] = []
    for message in messages:
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
        text = "\n\n".join(told for told in map(_told, blocks) if told)
        if not text:
            continue
        if plain and plain[-1]["role"] == message["role"]:
            plain[-1]["content"] += f"\n\n{text}"
        else:
            plain.append({"role": message["role"], "content": text})
    if limit:
        size = 0
        for number in range(len(plain) - 1, -1, -1):
            size += len(plain[number]["content"])
            if size > limit and number < len(plain) - 1:
                plain = plain[number + 1 :]
                break
    while plain and plain[0]["role"] != "user":
        plain.pop(0)
    return plain


def _told(block: ev.JSON) -> str:
    kind = block.get("type")
    if kind == "text":
        return str(block["text"])
    if kind == "tool_use":
        return f"[I called {block['name']} with {str(block['input'])[:2000]}]"
    if kind == "tool_result":
        inner = block.get("content")
        text = "".join(str(b.get("text", "")) for b in inner) if isinstance(inner, list) else inner
        return f"[It gave: {str(text)[:4000]}]"
    return "[an image]" if kind == "image" else ""


def tokens_of(messages: Iterable[ev.JSON]) -> int:
    """About how many tokens messages take, when no fold is at hand."""
    return sum(
        estimate(str(block.get("text", block.get("content", ""))))
        for message in messages
        for block in (
            message["content"]
            if isinstance(message["content"], list)
            else [{"text": message["content"]}]
        )
    )
