#!/usr/bin/env bash
# Subject:  anthropic 2.14.0 with base_url at a server or proxy that is not quite compatible.
# Guess:    an answer of another shape raises a validation error; the types are pydantic's.
# Seen:     nothing is checked. An error object with status 200 is a Message whose content and
#           stop_reason are None; a proxy's page of HTML is a `str` where the type says Message;
#           a stream whose events have no `event:` line (what OpenAI-style servers send) is an empty
#           stream: no event, no error.
# Output:
#   error with 200: Message content None stop_reason None error {'message': 'no such model'}
#   HTML with 200:  str '<html>Sign in</html>'
#   stream:         ['message_start', 'message_delta', 'message_stop']
#   no event lines: []
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

async def plain(client):
    return await client.messages.create(**ASK)


async def streamed(client):
    return [item.type async for item in await client.messages.create(**ASK, stream=True)]


answer = asyncio.run(served(b'{"error": {"message": "no such model"}}', plain, "application/json"))
print("error with 200:", type(answer).__name__, "content", answer.content, "stop_reason", answer.stop_reason, "error", answer.error)
page = asyncio.run(served(b"<html>Sign in</html>", plain, "text/html"))
print("HTML with 200: ", type(page).__name__, repr(page))
whole = START + event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage={"output_tokens": 9}) + STOPPED
named = asyncio.run(served(whole, streamed))
unnamed = asyncio.run(served(b"\n".join(line for line in whole.split(b"\n") if not line.startswith(b"event:")), streamed))
print("stream:        ", named)
print("no event lines:", unnamed)
sys.exit(not (answer.content is None and page == "<html>Sign in</html>" and len(named) == 3 and unnamed == []))
PY
