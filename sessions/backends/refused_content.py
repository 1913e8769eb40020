"""What a server refuses and will always refuse is taken out of the conversation, and told.

A picture, thinking that another server signed, or simply too much: without a remedy every later
request of the session would be refused for it as well.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import Any, Protocol

from sessions.backends.base import Capabilities, TurnHost
from sessions.backends.faults import Fault
from sessions.record import events as ev
from sessions.record import pictures

_PICTURE = re.compile(r"\bimages?\b|image_url|\bpictures?\b|multimodal|mmproj|\bvision\b", re.I)
_SEES_NONE = re.compile(
    r"not support|unsupported|unknown variant|multimodal|mmproj|no endpoint", re.I
)
_SIGNATURE = re.compile(r"invalid\W{0,3}signature|signature.{0,40}(invalid|required)|"
                        r"thinking.{0,80}cannot be modified|invalid_encrypted_content|"
                        r"encrypted content.{0,200}(not be (verified|decrypted)|invalid)",
                        re.I | re.S)  # fmt: skip
_PLACE = re.compile(r"messages\.(\d+)\.content\.(\d+)(?:\.tool_result)?(?:\.content\.(\d+))?")
_MENDABLE = ("invalid", "too_large", "not_found", "server", "protocol")


class Learns(Protocol):
    """A service that can be told a model's window, and says what it can do."""

    @property
    def capabilities(self) -> Capabilities:
        """Whether it takes pictures."""

    def learn(self, model: str, window: int) -> bool:
        """A server has named a model's window (0 = it has not); whether that is news."""


class Remedies:
    """What is tried for one response, each remedy once. `fine`: pictures that were taken before."""

    def __init__(self, service: Learns, host: TurnHost, fine: set[str]) -> None:
        self._service = service
        self._host = host
        self._fine = fine
        self._tried: set[str] = set()

    async def look(self) -> None:
        """Before anything is sent: pictures that can't be are told instead, and stay so."""
        host = self._host
        names = host.context.pictures()
        if not names:
            return
        if not self._service.capabilities.images:
            self._refuse(names, "what answers here takes no pictures", every=True)
            return
        side = pictures.most_side(len(names))
        for name, reason in (
            await asyncio.to_thread(pictures.unfit, host.files, names, side)
        ).items():
            self._refuse([name], reason)

    async def help(self, fault: Fault, params: Mapping[str, Any]) -> bool:
        """Whether what the server refused is not sent any more. Raises BackendError."""
        if fault.kind not in _MENDABLE:
            return False
        self._host.flush()
        if _PICTURE.search(fault.detail) and self._without_pictures(fault, params):
            return True
        if _SIGNATURE.search(fault.detail) and self._once("thinking"):
            why = fault.words
            self._host.emit(ev.ContextRefused(turn=self._host.turn, what="thinking", reason=why))
            return True
        return fault.kind == "too_large" and await self._smaller(fault)

    def _once(self, remedy: str) -> bool:
        new = remedy not in self._tried
        self._tried.add(remedy)
        return new

    def _refuse(self, names: list[str], reason: str, *, every: bool = False) -> None:
        paths = [f"files/{name}" for name in names]
        self._host.emit(
            ev.ContextRefused(turn=self._host.turn, paths=paths, reason=reason, every=every)
        )

    def _without_pictures(self, fault: Fault, params: Mapping[str, Any]) -> bool:
        """The one that the server names, or those that it has not taken before; then all."""
        names = self._host.context.pictures()
        if not names:
            return False
        if _SEES_NONE.search(fault.detail) and self._once("pictures"):
            self._refuse(names, fault.words, every=True)
            return True
        if self._once("picture"):
            new = [name for name in names if name not in self._fine]
            self._refuse(_named(fault, params, names) or new or names, fault.words)
            return True
        if self._once("pictures"):
            self._refuse(names, fault.words)
            return True
        return False

    async def _smaller(self, fault: Fault) -> bool:
        """Whether what was too large for the server is smaller now. Raises BackendError."""
        host = self._host
        if "room" in self._tried:
            return False
        taken = host.context.tokens
        if self._service.learn(host.settings.model, fault.window):
            host.emit(ev.BackendState(data={"context": {"used": taken, "size": fault.window}}))
            if taken < fault.window // 2:
                return True  # it was the answer that had no room, and that is asked for shorter
        self._tried.add("room")
        return await host.make_room(refused=True)


def _named(fault: Fault, params: Mapping[str, Any], names: list[str]) -> list[str]:
    """The picture at the place that a refusal names, if it names one."""
    found = _PLACE.search(fault.detail)
    if found is None:
        return []
    place = tuple(int(number) for number in found.groups() if number is not None)
    for at, name in zip(_places(params), names, strict=False):
        if at == place:
            return [name]
    return []


def _places(params: Mapping[str, Any]) -> list[tuple[int, ...]]:
    """Where the pictures of a request stand."""
    found: list[tuple[int, ...]] = []
    for number, message in enumerate(params.get("messages") or []):
        content = message.get("content")
        for at, block in enumerate(content if isinstance(content, list) else []):
            inner = block.get("content")
            if block["type"] in ("image", "image_url"):
                found.append((number, at))
            elif block["type"] == "tool_result" and isinstance(inner, list):
                found += [(number, at, n) for n, b in enumerate(inner) if b["type"] == "image"]
    return found
