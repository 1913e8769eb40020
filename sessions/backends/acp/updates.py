"""Session updates of an agent → events; pure, one `Translator` per turn.

Update kinds are those of the Agent Client Protocol's `session/update`; one that is not known
is kept whole as an event of its own name, so that it is on disk and shown raw.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from sessions.backends.acp import usage
from sessions.backends.acp.content import (
    content_text,
    meta_of,
    objects_of,
    raw_text,
    title_of,
    tool_name,
    tool_text,
)
from sessions.backends.acp.transport import Message
from sessions.record import events as ev
from sessions.record.closed_sets import CallKind, CallStatus, one_of
from sessions.record.event_parts import CallLocation, KeptFile, ResultFacts
from sessions.record.summary_parts import AgentState, ContextTaken
from sessions.safety.numbers_from_outside import count
from sessions.safety.sanitise import clean, clean_line

_DONE: dict[str, CallStatus] = {"completed": "ok", "failed": "error", "cancelled": "cancelled"}
_MOST_TITLE = 200
_MOST_NOTICE = 4000
_SAYS = re.compile(r"(Info|Warning|Error): (\S[^\n]*)\n?")
"""Copilot CLI says such lines of its own among the chunks of the answer, each in one of them."""
_TERMINAL_CHARS = 2_000_000
_QUIET = {"user_message_chunk", "user_message"}
_STATE = {
    "available_commands_update": ("availableCommands", "commands"),
    "current_mode_update": ("currentModeId", "mode"),
    "config_option_update": ("configOptions", "config_options"),
    "plan": ("entries", "plan"),
    "plan_update": ("plan", "plan"),
    "plan_removed": ("id", "plan_removed"),
}
STATES = frozenset({*_STATE, "session_info_update", "usage_update"})
"""Updates that say how things are, not what happened."""


class Translator:
    """Turns updates into events and remembers the turn's tool calls."""

    def __init__(
        self,
        turn: int,
        printed: Callable[[str], str] | None = None,
        keep: Callable[[Message], KeptFile | None] | None = None,
        *,
        says_beside: bool = False,
    ) -> None:
        """`printed` gives what a terminal of that id has printed; `keep` puts a file on disk.

        `says_beside`: the agent says lines of its own among the chunks of an answer.
        """
        self.turn = turn
        self._printed = printed
        self._keep = keep
        self._says_beside = says_beside
        self.usage: ContextTaken = {}
        """The last `usage_update`: `used`, `size` in tokens and `cost`."""
        self._message = ("", "")
        """Which message the last chunk was of, and of what kind it was."""
        self._title: str | None = None
        self._calls: dict[str, Message] = {}
        self._shown: dict[str, str] = {}
        self._told: dict[str, ev.ToolCall] = {}
        self._titles: dict[str, str] = {}
        self._ended: set[str] = set()
        self._terminals: dict[str, str] = {}
        """What terminals of the agent's own have printed, as it tells it beside the protocol."""
        self.spent: dict[str, int] = {}
        """Tokens that were told with chunks (Qwen Code: with the last of each response)."""

    def events(self, update: Message) -> list[ev.Event]:
        """The events that one update means, in order."""
        kind = str(update.get("sessionUpdate", ""))
        if kind in ("agent_message_chunk", "agent_thought_chunk"):
            for name, amount in usage.of(meta_of(update).get("usage")).items():
                self.spent[name] = self.spent.get(name, 0) + amount
            if image := self._image(update.get("content")):
                return self._shown_image(image)
            text = content_text(update.get("content"))
            chunk = ev.Text if kind == "agent_message_chunk" else ev.Thinking
            if chunk is ev.Text and (beside := self._beside(text)):
                return [beside]
            text = self._apart(kind, update.get("messageId"), text) if text else ""
            return [chunk(turn=self.turn, text=text)] if text else []
        if kind in ("tool_call", "tool_call_update"):
            self._message = ("", "")
            return self._tool(update)
        if kind == "usage_update":
            counts = {k: count(update.get(k)) for k in ("used", "size")}
            self.usage = cast("ContextTaken", {k: v for k, v in counts.items() if v is not None})
            if isinstance(update.get("cost"), dict):
                self.usage["cost"] = update["cost"]
            return []
        if kind == "session_info_update":
            return self._called(update)
        if kind == "notice":
            return self._noticed(update)
        if kind in _STATE:
            theirs, ours = _STATE[kind]
            return [ev.BackendState(data=cast("AgentState", {ours: update.get(theirs)}))]
        if kind in _QUIET:
            return []
        return [ev.Unknown(name=f"acp.{kind or 'update'}", data={"raw": update})]

    def _noticed(self, update: Message) -> list[ev.Event]:
        """What the agent wants its user to know, which is no part of the conversation."""
        title = clean_line(str(update.get("title") or ""))[:_MOST_TITLE].strip()
        more = clean(str(update.get("description") or ""))[:_MOST_NOTICE].strip()
        if not title:
            return []
        if update.get("severity") == "error":
            return [ev.Error(turn=self.turn, kind="agent", message=title, hint=more)]
        said = f"{title}\n{more}" if more else title
        return [ev.Notice(turn=self.turn, kind="agent", message=said)]

    def _apart(self, kind: str, message: Any, text: str) -> str:
        """Text that begins another message stands apart from the one before."""
        before, self._message = self._message, (kind, message if isinstance(message, str) else "")
        new = before[0] == kind and all((before[1], self._message[1])) and before != self._message
        return f"\n\n{text}" if new else text

    def _beside(self, text: str) -> ev.Notice | ev.Error | None:
        """A line of the agent's own, which is no part of the answer."""
        # A chunk that follows another at once may be more of the same words.
        begins = self._says_beside and self._message[0] != "agent_message_chunk"
        found = _SAYS.fullmatch(text) if begins else None
        if found is None:
            return None
        said = clean(found[2])[:_MOST_NOTICE]
        if found[1] == "Error":
            return ev.Error(turn=self.turn, kind="agent", message=said)
        return ev.Notice(turn=self.turn, kind="agent", message=said)

    def _called(self, update: Message) -> list[ev.Event]:
        """The title that the agent gives its session; null takes it back."""
        title = clean_line(str(update.get("title") or ""))[:_MOST_TITLE].strip()
        if "title" not in update or title == self._title:
            return []
        self._title = title
        return [ev.SessionSet(agent_title=title)]

    def announce(self, call: Message) -> list[ev.Event]:
        """Events that must stand before a permission for `call` is asked."""
        # A request tells the call in words of its own; what the call itself told goes before.
        known = self.call(str(call.get("toolCallId", "")))
        always = ("toolCallId", "content")
        new = {k: v for k, v in call.items() if k in always or not known.get(k)}
        return self._tool({**new, "sessionUpdate": "tool_call_update"}, announce=True)

    def call(self, call_id: str) -> Message:
        """What is known of a tool call so far."""
        return self._calls.get(call_id, {})

    def told(self, call_id: str) -> ev.ToolCall | None:
        """A call as it was told, if it was."""
        return self._told.get(call_id)

    def open_calls(self) -> list[ev.ToolCall]:
        """The calls that were told and have not ended, the newest first."""
        return [c for i, c in reversed(self._told.items()) if i not in self._ended]

    def _image(self, block: Any) -> KeptFile | None:
        """Where an image block was kept, if it is one and could be."""
        is_image = isinstance(block, dict) and block.get("type") == "image"
        return self._kept(block) if is_image else None

    def _kept(self, block: Any) -> KeptFile | None:
        """Where an image or a resource was kept, if it could be."""
        return self._keep(block) if isinstance(block, dict) and self._keep is not None else None

    def _shown_image(self, image: KeptFile) -> list[ev.Event]:
        path = image["path"]
        return [
            ev.Text(turn=self.turn, text=f"\n\n[image: {path}]\n\n"),
            ev.Byproduct(
                kind="picture", path=path, origin={"turn": self.turn}, signals={"marked": False}
            ),
        ]

    def _tool(self, update: Message, *, announce: bool = False) -> list[ev.Event]:
        call_id = str(update.get("toolCallId", ""))
        known = self._calls.setdefault(call_id, {})
        before = known.get("content")
        known.update({k: v for k, v in update.items() if v not in (None, [], {}, "")})
        final = str(known.get("status")) in _DONE
        if known.get("content") is not before:
            # What stands in a call before it runs says what it will do, not what came of it.
            known["foretold"] = not final and (
                announce or update.get("sessionUpdate") == "tool_call" or "rawInput" in update
            )
        elif final and update.get("content") == []:
            known["foretold"] = True
        printed = self._printed_there(update)
        if diffs := [c for c in objects_of(update.get("content")) if c.get("type") == "diff"]:
            known["diffs"] = diffs  # some are told before the call runs and not again
        status = str(known.get("status") or "pending")
        out: list[ev.Event] = []
        if call_id in self._ended:
            return out
        ready = announce or status != "pending" or bool(known.get("rawInput"))
        if call_id in self._told or ready:
            out.extend(self._call_told(call_id, known))
        if status in _DONE:
            self._ended.add(call_id)
            out.append(self._result(call_id, known, _DONE[status]))
        elif update.get("sessionUpdate") == "tool_call_update" and call_id in self._told:
            # What a terminal of ours prints is shown by itself.
            shown = _nothing if self._printed is not None else None
            text = self._news(call_id, tool_text(update.get("content"), shown)) + printed
            title = title_of(known)
            title = "" if title == self._titles.get(call_id) else title
            self._titles[call_id] = title or self._titles.get(call_id, "")
            if text or title:
                out.append(ev.ToolProgress(turn=self.turn, call=call_id, text=text, title=title))
        return out

    def _printed_there(self, update: Message) -> str:
        """What an update tells of a terminal of the agent's own; what of it is new.

        Codex and Claude Code run commands themselves and show terminals that the client does not
        know: `_meta.terminal_output_delta` goes on, `_meta.terminal_output` is all of it.
        """
        meta, new = meta_of(update), ""
        for name in ("terminal_output", "terminal_output_delta"):
            told = meta.get(name)
            if not isinstance(told, dict) or not isinstance(told.get("data"), str):
                continue
            number, data = str(told.get("terminal_id", "")), str(told["data"])
            had = self._terminals.get(number, "")
            if name == "terminal_output" and data.startswith(had):
                data = data[len(had) :]
            self._terminals[number] = (had + data)[-_TERMINAL_CHARS:]
            new += data
        return new

    def _output_of(self, terminal: str) -> str:
        """What a terminal in a call's content has printed: the agent's own, or one of ours."""
        if terminal in self._terminals:
            return self._terminals[terminal]
        return self._printed(terminal) if self._printed is not None else f"[terminal {terminal}]"

    def _call_told(self, call_id: str, known: Message) -> list[ev.Event]:
        """The call, where it is new or its input has changed."""
        event, before = self._call_event(call_id, known), self._told.get(call_id)
        if before is not None and before.input == event.input:
            return []
        self._told[call_id], self._titles[call_id] = event, event.title
        return [event]

    def _news(self, call_id: str, content: str) -> str:
        """What of a call's content has not been shown: an update tells all of it again."""
        before = self._shown.get(call_id, "")
        if not content or content == before:
            return ""
        self._shown[call_id] = content
        if content.startswith(before):
            return content.removeprefix(before)
        return content if before.endswith("\n") else f"\n{content}"

    def _call_event(self, call_id: str, known: Message) -> ev.ToolCall:
        raw = known.get("rawInput")
        return ev.ToolCall(
            turn=self.turn,
            call=call_id,
            name=tool_name(known),
            input=raw if isinstance(raw, dict) else {} if raw is None else {"input": raw},
            title=title_of(known),
            kind=one_of(CallKind, known.get("kind"), "other"),
            locations=cast("list[CallLocation]", objects_of(known.get("locations"))),
        )

    def _result(self, call_id: str, known: Message, status: CallStatus) -> ev.ToolResult:
        data: ResultFacts = {}
        diffs = objects_of(known.get("diffs")) if status == "ok" else []  # else it did not happen
        if diffs:
            data["diffs"] = [
                {"path": d.get("path"), "old": d.get("oldText"), "new": d.get("newText")}
                for d in diffs
            ]
        content = objects_of(known.get("content"))
        if known.get("foretold"):
            content = [c for c in content if c.get("type") != "content"]
        text = tool_text(content, self._output_of)
        raw = known.get("rawOutput")
        if not text and raw is not None:
            text = raw if isinstance(raw, str) else raw_text(raw)
        ended = meta_of(known).get("terminal_exit")
        if isinstance(ended, dict) and type(ended.get("exit_code")) is int:
            data["exit_code"] = ended["exit_code"]
        if isinstance(raw, dict):
            code = raw.get("exitCode", raw.get("exit_code"))
            if isinstance(code, int):
                data["exit_code"] = code
        blocks = [c.get("content") for c in content]
        kept = [file for file in map(self._kept, blocks) if file]
        images = [file for file in kept if file.get("picture", True)]
        if resources := [file for file in kept if not file.get("picture", True)]:
            data["resources"] = resources
        return ev.ToolResult(
            turn=self.turn, call=call_id, status=status, content=text, data=data, images=images
        )


def _nothing(_: str) -> str:
    return ""
