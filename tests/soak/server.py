"""The scripted Messages API server, for hours: it forgets what it was asked.

python -m tests.soak.server
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import Sequence

from tests.bench.harness.words import answer
from tests.support.messages_server import (
    MessagesServer,
    Request,
    Sleep,
    Step,
    call,
    say,
    sse,
    start,
    stop,
    text,
)

_RATE = 40.0
_numbers = itertools.count()


def script(request: Request) -> Sequence[Step]:
    """`write N`: N tokens of Markdown; `tool NAME JSON`: a call, then its result; else an echo."""
    words = request.last_text.strip().split("\n")[-1].split(maxsplit=2)
    number = next(_numbers)
    if request.results:
        return say("The tool answered.")
    if words[:1] == ["tool"] and len(words) > 2:
        return call(words[1], words[2], f"call_{number}", "Let me look. ")
    tokens = int(words[1]) if words[:1] == ["write"] else 40
    source = itertools.cycle(answer(number % 50))
    steps: list[Step] = [start(), text(0)[0]]
    for _ in range(tokens):
        part = "".join(itertools.islice(source, 5))
        delta = {"type": "text_delta", "text": part}
        steps += [sse("content_block_delta", index=0, delta=delta), Sleep(1 / _RATE)]
    return [*steps, sse("content_block_stop", index=0), *stop(output=tokens)]


class SoakServer(MessagesServer):
    """Keeps no request."""

    async def _read(self, reader: asyncio.StreamReader) -> Request | None:
        request = await super()._read(reader)
        self.requests.clear()
        return request


async def main() -> None:
    """Serve until killed."""
    async with SoakServer(script) as server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
