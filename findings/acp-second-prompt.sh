#!/usr/bin/env bash
# Subject:  Gemini CLI 0.61.0 and Qwen Code 0.24.4 over ACP (240 MB, Node 20 does), against a server
#           on loopback that takes four seconds for an answer.
# Guess:    a second session/prompt while one runs is refused, or waits for its turn.
# Seen:     the second ends the first. Gemini CLI answers the first with stopReason cancelled, as
#           if the user had said so; Qwen Code with an internal error -32603. The second is
#           answered, and nothing says that the first question never was.
# Output:
#   Gemini CLI: first prompt cancelled | second end_turn
#   Qwen Code:  first prompt error -32603 | second end_turn
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-fund --no-audit --prefix "$work/npm" @google/gemini-cli@0.61.0 @qwen-code/qwen-code@0.24.4

python3 - "$work" <<'PY'
import asyncio
import json
import os
import signal
import sys
import tempfile

WORK = sys.argv[1]
begun = asyncio.Event()


def lines(*items) -> bytes:
    return b"".join(b"data: " + (item if isinstance(item, str) else json.dumps(item)).encode() + b"\n\n" for item in items)


def chunk(delta: dict, end: str | None) -> dict:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": end}]}


CHAT = lines(chunk({"role": "assistant", "content": "pong"}, None), chunk({}, "stop"), "[DONE]")
GEMINI = {"candidates": [{"content": {"role": "model", "parts": [{"text": "pong"}]}, "finishReason": "STOP", "index": 0}],
          "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6}}


async def serve(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = [int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")]
        await reader.readexactly(length[0] if length else 0)
        path = head.split()[1]
        begun.set()
        await asyncio.sleep(4)
        stream = "stream" in path or "completions" in path
        body = CHAT if "completions" in path else lines(GEMINI) if stream else json.dumps(GEMINI).encode()
        kind = "text/event-stream" if stream else "application/json"
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\nconnection: close\r\n\r\n".encode() + body)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
        pass
    finally:
        writer.close()


async def two_prompts(command: str, env: dict[str, str]) -> list[str]:
    home, folder = (tempfile.mkdtemp(dir=WORK) for _ in range(2))
    begun.clear()
    process = await asyncio.create_subprocess_exec(
        f"{WORK}/npm/node_modules/.bin/{command}", "--acp", cwd=folder, limit=1 << 24, start_new_session=True,
        env={"PATH": os.environ["PATH"], "HOME": home, "TERM": "dumb", **env},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL)
    waiting: dict[int, asyncio.Future] = {}

    async def read() -> None:
        while line := await process.stdout.readline():
            message = json.loads(line)
            if "method" not in message:
                waiting[message["id"]].set_result(message)

    def ask(method: str, **params) -> asyncio.Future:
        number = len(waiting) + 1
        waiting[number] = asyncio.get_running_loop().create_future()
        process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n")
        return waiting[number]

    reading = asyncio.create_task(read())
    try:
        async with asyncio.timeout(150):
            await ask("initialize", protocolVersion=1, clientCapabilities={})
            session = (await ask("session/new", cwd=folder, mcpServers=[]))["result"]["sessionId"]
            begun.clear()
            first = ask("session/prompt", sessionId=session, prompt=[{"type": "text", "text": "first"}])
            await begun.wait()
            second = ask("session/prompt", sessionId=session, prompt=[{"type": "text", "text": "second"}])
            ends = [await first, await second]
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
        await reading
    return [end["result"]["stopReason"] if "result" in end else f"error {end['error']['code']}" for end in ends]


async def main() -> bool:
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    gemini = await two_prompts("gemini", {"GEMINI_API_KEY": "key", "GOOGLE_GEMINI_BASE_URL": address})
    print("Gemini CLI: first prompt", gemini[0], "| second", gemini[1])
    qwen = await two_prompts("qwen", {"OPENAI_API_KEY": "key", "OPENAI_BASE_URL": address + "/v1", "OPENAI_MODEL": "m"})
    print("Qwen Code:  first prompt", qwen[0], "| second", qwen[1])
    return gemini == ["cancelled", "end_turn"] and qwen == ["error -32603", "end_turn"]


sys.exit(not asyncio.run(main()))
PY
