#!/usr/bin/env bash
# Subject:  openai 3.57.0 beside anthropic 2.14.0 (SDKs for Python, of one generator).
# Guess:    a request costs its serialisation: what is given as `input` is JSON already.
# Seen:     openai's walks through each message of a Responses request and looks it up, by its type
#           hints, in the union of all that an item may be: hundreds of times what `json.dumps`
#           takes, 0.3 s for 600 short messages, in the thread of the event loop, where nothing else
#           happens meanwhile. anthropic's does not, for as many messages. The same list given in
#           `extra_body` is sent as it is, and the request is the same.
# Output (times of one machine):
#   600 messages as input: 305.2 ms, 348.9 times json.dumps
#   600 messages in extra_body: 1.5 ms, 1.7 times json.dumps
#   600 messages by anthropic: 3.1 ms, 3.6 times json.dumps
#   openai's two requests are the same: True
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check openai==3.57.0 anthropic==2.14.0

"$work/venv/bin/python" - <<'PY'
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable

import anthropic
import openai

try:
    import httpx2 as httpx  # what both speak by
except ImportError:
    import httpx

bodies: list[bytes] = []


async def refuse(request: httpx.Request) -> httpx.Response:
    bodies.append(await request.aread())
    return httpx.Response(400, json={"error": {"message": "not today"}})


def message(number: int, kind: str) -> dict[str, object]:
    role = "assistant" if number % 2 else "user"
    return {"role": role, "content": [{"type": kind, "text": "tides " * 40}]}


def item(number: int) -> dict[str, object]:
    return {"type": "message", **message(number, "output_text" if number % 2 else "input_text")}


async def best_of_three(ask: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(3):
        before = time.perf_counter()
        try:
            await ask()
        except (openai.BadRequestError, anthropic.BadRequestError):
            took.append(time.perf_counter() - before)
    return min(took)


async def main() -> bool:
    how = {"api_key": "none", "max_retries": 0}
    web = httpx.AsyncClient(transport=httpx.MockTransport(refuse))
    one, other = openai.AsyncOpenAI(http_client=web, **how), anthropic.AsyncAnthropic(http_client=web, **how)
    items = [item(number) for number in range(600)]
    messages = [message(number, "text") for number in range(600)]
    before = time.perf_counter()
    for _ in range(10):
        json.dumps(items)
    bare = (time.perf_counter() - before) / 10
    create = one.responses.create
    walked = await best_of_three(lambda: create(model="m", stream=True, input=items))
    first = json.loads(bodies[-1])
    as_it_is = await best_of_three(lambda: create(model="m", stream=True, extra_body={"input": items}))
    same = json.loads(bodies[-1]) == first
    sister = await best_of_three(
        lambda: other.messages.create(model="m", stream=True, max_tokens=9, messages=messages)
    )
    for what, took in (("as input", walked), ("in extra_body", as_it_is), ("by anthropic", sister)):
        print(f"600 messages {what}: {took * 1e3:.1f} ms, {took / bare:.1f} times json.dumps")
    print(f"openai's two requests are the same: {same}")
    return same and walked > 30 * bare and walked > 20 * as_it_is and walked > 10 * sister


sys.exit(0 if asyncio.run(main()) else 1)
PY
