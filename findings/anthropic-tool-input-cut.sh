#!/usr/bin/env bash
# Subject:  anthropic 2.14.0, messages.stream() and its get_final_message().
# Guess:    a tool's input that is cut off (max_tokens) or malformed is an error, or is marked.
# Seen:     it is a dictionary like any other: the argument that was cut is missing, a number that
#           was cut is smaller, what follows a wrong bracket is gone. Only stop_reason tells, and
#           with the wrong bracket it says tool_use. Some malformed input does raise (a bare
#           ValueError), so the rest looks checked.
# Output:
#   whole:           tool_use   {'file': 'log', 'keep': 1200}
#   cut in a text:   max_tokens {'keep': 1200}
#   cut in a number: max_tokens {'file': 'log', 'keep': 12}
#   wrong bracket:   tool_use   {'file': ['log']}
#   no quotes:       ValueError
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check anthropic==2.14.0

"$work/venv/bin/python" - <<'PY'
import asyncio
import json
import sys
import warnings

import anthropic

warnings.simplefilter("ignore")


def event(kind: str, **data) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


USAGE = {"input_tokens": 5, "output_tokens": 1}
START = event("message_start", message={
    "id": "m", "type": "message", "role": "assistant", "model": "m", "content": [],
    "stop_reason": None, "stop_sequence": None, "usage": USAGE})
STOPPED = event("message_stop")
ASK = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}


async def served(body: bytes, ask, kind: str = "text/event-stream", more: str = ""):
    """What ask(client) gives, with a server on loopback that answers with body."""

    async def answer(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length"))
        await reader.readexactly(int(length.split(b":")[1]))
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\n{more}connection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, anthropic.AsyncAnthropic(api_key="key", base_url=address, max_retries=0) as client:
        try:
            return await ask(client)
        except Exception as fault:
            return fault

def called(stop: str, *pieces: str) -> bytes:
    parts = (event("content_block_delta", index=0, delta={"type": "input_json_delta", "partial_json": piece}) for piece in pieces)
    block = {"type": "tool_use", "id": "t", "name": "trim", "input": {}}
    return (START + event("content_block_start", index=0, content_block=block) + b"".join(parts)
            + event("content_block_stop", index=0)
            + event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 9}) + STOPPED)


async def final(client):
    async with client.messages.stream(**ASK) as stream:
        return await stream.get_final_message()


CASES = {
    "whole": (called("tool_use", '{"file": "log", "keep": 1200}'), {"file": "log", "keep": 1200}),
    "cut in a text": (called("max_tokens", '{"keep": 1200, "file": "lo'), {"keep": 1200}),
    "cut in a number": (called("max_tokens", '{"file": "log", "keep": 12'), {"file": "log", "keep": 12}),
    "wrong bracket": (called("tool_use", '{"file": ["log"}', ', "keep": 1200}'), {"file": ["log"]}),
}
right = True
for label, (body, expected) in CASES.items():
    message = asyncio.run(served(body, final))
    print(f"{label + ':':16} {message.stop_reason:10} {message.content[0].input}")
    right &= message.content[0].input == expected
fault = asyncio.run(served(called("tool_use", '{"file": log}'), final))
print(f"{'no quotes:':16} {type(fault).__name__}")
sys.exit(not (right and type(fault) is ValueError))
PY
