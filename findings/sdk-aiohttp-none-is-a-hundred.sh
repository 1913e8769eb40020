#!/usr/bin/env bash
# Subject:  anthropic 2.14.0 (extra aiohttp) and openai 3.57.0 with httpx2 2.16.2 and aiohttp 3.14.5:
#           `DefaultAioHttpClient`, which both SDKs offer as the same client on another transport.
# Guess:    httpx2.Limits(max_connections=None) means "no limit" with either client.
# Seen:     with the SDKs' aiohttp client it means a hundred, aiohttp's own default: the 101st stream
#           waits for a connection. "No limit" is written max_connections=0 there, which the plain
#           client takes for none at all.
# Output:
#   anthropic, None: plain 110 | aiohttp 100
#   anthropic, 0: plain 0 | aiohttp 110
#   openai, None: plain 110 | aiohttp 100
#   openai, 0: plain 0 | aiohttp 110
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet "anthropic[aiohttp]==2.14.0" "openai[aiohttp]==3.57.0" httpx2==2.16.2 aiohttp==3.14.5

"$work/venv/bin/python" - <<'PY'
import asyncio
import sys

import anthropic
import httpx2
import openai

MANY = 110


async def reached(make, most) -> int:
    """How many of so many requests are with the server at once."""
    here = 0

    async def serve(reader, writer):
        nonlocal here
        try:
            await reader.readuntil(b"\r\n\r\n")
            here += 1
            await asyncio.sleep(60)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = make(timeout=httpx2.Timeout(None), limits=httpx2.Limits(max_connections=most), trust_env=False)
    asked = [asyncio.create_task(client.get(address)) for _ in range(MANY)]
    before = -1
    while before != here:
        before = here
        await asyncio.sleep(1.5)
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)
    await client.aclose()
    server.close()
    return here


async def main() -> bool:
    seen = []
    for sdk in (anthropic, openai):
        for most in (None, 0):
            plain = await reached(httpx2.AsyncClient, most)
            own = await reached(sdk.DefaultAioHttpClient, most)
            print(f"{sdk.__name__}, {most}: plain {plain} | aiohttp {own}")
            seen.append((plain, own))
    return seen == [(MANY, 100), (0, MANY)] * 2


sys.exit(not asyncio.run(main()))
PY
