"""One model for every agent: what it is asked, and how it answers, in the four APIs they speak."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Protocol

from tests.support import chat_steps, gemini_steps, messages_server, responses_steps
from tests.support.messages_server import JSON, Request, Step


class Dialect(Protocol):
    """An API, as far as the scripted model needs it."""

    def tools(self, request: Request) -> list[JSON]:
        """The tools it may call: `{"name", "parameters"}`."""

    def conversation(self, request: Request) -> list[JSON]:
        """The messages that it is sent."""

    def own(self, message: JSON) -> bool:
        """Whether a message is the model's own."""

    def held(self, first: str, second: str) -> tuple[Sequence[Step], Sequence[Step]]:
        """An answer of text in two parts."""

    def say(self, *chunks: str) -> Sequence[Step]:
        """A whole answer of text."""

    def call(self, name: str, given: JSON, call_id: str) -> Sequence[Step]:
        """A whole answer that calls one tool."""


class _ByRole:
    """What Anthropic's API and Chat Completions have alike."""

    def conversation(self, request: Request) -> list[JSON]:
        """See Dialect."""
        return list(request.body.get("messages", []))

    def own(self, message: JSON) -> bool:
        """See Dialect."""
        return message.get("role") == "assistant"


class Messages(_ByRole):
    """Anthropic's."""

    say, call = staticmethod(messages_server.say), staticmethod(messages_server.call)

    def tools(self, request: Request) -> list[JSON]:
        """See Dialect."""
        return [_tool(t, "input_schema") for t in request.body.get("tools") or []]

    def held(self, first: str, second: str) -> tuple[Sequence[Step], Sequence[Step]]:
        """See Dialect."""
        words = messages_server.text(0, first, second)
        return [messages_server.start(), *words[:2]], [*words[2:], *messages_server.stop()]


class Chat(_ByRole):
    """Chat Completions."""

    say, call = staticmethod(chat_steps.say), staticmethod(chat_steps.call)

    def tools(self, request: Request) -> list[JSON]:
        """See Dialect."""
        return [_tool(t["function"], "parameters") for t in request.body.get("tools") or []]

    def held(self, first: str, second: str) -> tuple[Sequence[Step], Sequence[Step]]:
        """See Dialect."""
        return [chat_steps.start(), *chat_steps.text(first)], [
            *chat_steps.text(second),
            *chat_steps.stop(),
        ]


class Responses:
    """OpenAI's Responses."""

    say, call = staticmethod(responses_steps.say), staticmethod(responses_steps.call)

    def tools(self, request: Request) -> list[JSON]:
        """See Dialect."""
        found = list[JSON]()
        for tool in request.body.get("tools") or []:
            if tool.get("type") == "namespace":
                space = f"{tool['name']}/"
                found += [_tool(t, "parameters", space) for t in tool.get("tools") or []]
            elif tool.get("type") == "function":
                found.append(_tool(tool, "parameters"))
        return found

    def conversation(self, request: Request) -> list[JSON]:
        """See Dialect."""
        given = request.body.get("input", [])
        return list(given) if isinstance(given, list) else [{"role": "user", "content": given}]

    def own(self, message: JSON) -> bool:
        """See Dialect."""
        return message.get("role") == "assistant" or message.get("type") == "function_call"

    def held(self, first: str, second: str) -> tuple[Sequence[Step], Sequence[Step]]:
        """See Dialect."""
        words = responses_steps.text(0, first, second)
        return [responses_steps.start(), *words[:3]], [*words[3:], *responses_steps.stop()]


class Gemini:
    """Google's."""

    say, call = staticmethod(gemini_steps.say), staticmethod(gemini_steps.call)

    def tools(self, request: Request) -> list[JSON]:
        """See Dialect."""
        lists = [t.get("functionDeclarations") or [] for t in request.body.get("tools") or []]
        return [_tool(t, "parametersJsonSchema") for each in lists for t in each]

    def conversation(self, request: Request) -> list[JSON]:
        """See Dialect."""
        return list(request.body.get("contents", []))

    def own(self, message: JSON) -> bool:
        """See Dialect."""
        return message.get("role") == "model"

    def held(self, first: str, second: str) -> tuple[Sequence[Step], Sequence[Step]]:
        """See Dialect."""
        return gemini_steps.text(first), [*gemini_steps.text(second), *gemini_steps.stop()]


def of(request: Request) -> Dialect:
    """The dialect of a request."""
    if request.path == "/v1/messages":
        return Messages()
    if request.path == "/v1/chat/completions":
        return Chat()
    return Responses() if request.path == "/v1/responses" else Gemini()


def recent(request: Request) -> list[JSON]:
    """The messages after the model's last one: an agent may add reminders behind the user's."""
    dialect, found = of(request), list[JSON]()
    for message in reversed(dialect.conversation(request)):
        if dialect.own(message):
            break
        found.insert(0, message)
    return found


_WISHES = re.compile(
    r'please (run|write|hold|stream|answer|add)|"tool_result"|"role": "tool"|"function_call_output"'
    r'|"functionResponse"'
)


def wish(request: Request) -> str:
    """What is wanted by now: the verb of the last `please …`, "told" for a tool's result, or "".

    Some keep what was asked before an interrupt, or put the next message behind a refused result.
    """
    found = list(_WISHES.finditer(json.dumps(recent(request), ensure_ascii=False)))
    return (found[-1].group(1) or "told") if found else ""


def told(request: Request) -> str:
    """All that it is sent of the conversation, as text."""
    return json.dumps(of(request).conversation(request), ensure_ascii=False)


def latest(asked: Sequence[Request]) -> Request:
    """The last request of an agent that has tools: of a turn, and not for a title."""
    return [request for request in asked if shell(request)][-1]


_SHELLS = ("bash", "run_shell_command", "exec_command", "shell_command", "shell")
_WRITERS = ("write", "write_file", "create")


def shell(request: Request) -> JSON | None:
    """The asker's tool that runs a command, or None: agents also ask for titles, without any."""
    return _named(request, _SHELLS)


def writer(request: Request) -> JSON | None:
    """The asker's tool that writes a file."""
    return _named(request, _WRITERS)


def adding(request: Request) -> tuple[str, JSON] | None:
    """A call by which an agent's model adds with the tests' MCP server `sums`.

    Some have its tool under a name of their own, one wants it searched for first, some wrap it.
    """
    there = {str(t["name"]) for t in of(request).tools(request)}
    given: JSON = {"a": 2, "b": 40}
    for name in there:
        if re.search(r"(^|[^a-z])add$", name):
            return name, given
    if "ToolSearch" in there:
        return "ToolSearch", {"query": "select:mcp__sums__add", "max_results": 5}
    if "tool_call" in there:
        return "tool_call", {"name": "mcp__sums__add", "arguments": given}
    if "run_typescript" in there:
        code = "async function main() { return await tools.mcp_sums.add({a: 2, b: 40}); }"
        return "run_typescript", {"code": code}
    return None


def searched(request: Request) -> bool:
    """Whether the model has searched for a tool, and has it now."""
    own = [m for m in of(request).conversation(request) if of(request).own(m)]
    return bool(own) and "ToolSearch" in json.dumps(own[-1])


def _named(request: Request, names: Sequence[str]) -> JSON | None:
    there = {str(t["name"]).lower(): t for t in of(request).tools(request)}
    return next((there[name] for name in names if name in there), None)


def filled(tool: JSON, values: JSON) -> JSON:
    """Arguments for a tool by its schema: those of `values` that it has, and what it requires."""
    schema = tool["parameters"]
    properties: JSON = schema.get("properties") or {}
    given: JSON = {}
    for name, kind in properties.items():
        if name in values:
            lists = kind.get("type") == "array"
            given[name] = ["bash", "-c", values[name]] if lists else values[name]
        elif name in (schema.get("required") or ()):
            given[name] = _EMPTY.get(str(kind.get("type")), "Said by the test")
    return given


_EMPTY: dict[str, Any] = {"boolean": False, "integer": 60, "number": 60, "array": []}


def _tool(tool: JSON, schema: str, space: str = "") -> JSON:
    return {
        "name": space + tool["name"],
        "parameters": tool.get(schema) or tool.get("parameters") or {},
    }
