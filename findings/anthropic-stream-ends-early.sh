#!/usr/bin/env bash
# Subject:  anthropic 2.14.0, an answer that breaks off in the middle of its stream.
# Guess:    a broken answer raises one of the SDK's errors.
# Seen:     three ends, three kinds. The connection closed in good order before message_stop: no
#           error, get_final_message() gives what came, stop_reason None. The connection cut within
#           a chunk: an error of httpx2 that is no anthropic.APIError. An event `error`: an
#           APIStatusError whose status_code is 200 (so no retry by status sees it).
# Output:
#   closed: 'Half of it' stop_reason None
#   cut:    httpx2 RemoteProtocolError | an APIError: False
#   error:  APIStatusError 200
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

BEGUN = START + event("content_block_start", index=0, content_block={"type": "text", "text": ""}) + event(
    "content_block_delta", index=0, delta={"type": "text_delta", "text": "Half of it"})


async def final(client):
    async with client.messages.stream(**ASK) as stream:
        return await stream.get_final_message()


closed = asyncio.run(served(BEGUN, final))
print("closed:", repr(closed.content[0].text), "stop_reason", closed.stop_reason)
chunk = f"{len(BEGUN):x}\r\n".encode() + BEGUN + b"\r\n"
cut = asyncio.run(served(chunk, final, more="transfer-encoding: chunked\r\n"))
print("cut:   ", type(cut).__module__.split(".")[0], type(cut).__name__, "| an APIError:", isinstance(cut, anthropic.APIError))
busy = event("error", error={"type": "overloaded_error", "message": "Overloaded"})
error = asyncio.run(served(BEGUN + busy, final))
print("error: ", type(error).__name__, error.status_code)
sys.exit(not (closed.stop_reason is None and closed.content[0].text == "Half of it" and not isinstance(cut, anthropic.APIError)
              and type(cut).__name__ == "RemoteProtocolError" and type(error) is anthropic.APIStatusError and error.status_code == 200))
PY
