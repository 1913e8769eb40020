#!/usr/bin/env bash
# Subject:  the transcripts of Claude Code, as claude-agent-acp 0.101.0 brings it (400 MB, Node 20
#           does), against a server on loopback.
# Guess:    a line of a transcript is a message; adding up `usage` gives the tokens.
# Seen:     each block of an answer is a line of its own, with the same message.id and the usage of
#           the WHOLE answer. A text and a tool call count double, an answer with four blocks four
#           times: count each message.id once.
# Output:
#   message 1: text     input 1000 output 7
#   message 1: tool_use input 1000 output 7
#   message 2: text     input 1000 output 7
#   input tokens: 3000 by adding lines, 2000 by the answer to session/prompt
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-fund --no-audit --prefix "$work/npm" @agentclientprotocol/claude-agent-acp@0.101.0

python3 - "$work" "$work/npm/node_modules/.bin/claude-agent-acp" <<'PY'
import asyncio
import json
import os
import signal
import sys
import tempfile
from pathlib import Path

home, folder = (Path(tempfile.mkdtemp(dir=sys.argv[1])) for _ in range(2))


def event(kind: str, **data) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n".encode()


def reply(request: dict) -> bytes:
    """A Messages API answer: first a text and a call of Read, with its result a last word."""
    blocks = request["messages"] and [block for message in request["messages"] if isinstance(message["content"], list) for block in message["content"]]
    said = [{"type": "text", "text": "Done."}]
    if request.get("tools") and not any(block["type"] == "tool_result" for block in blocks):
        said = [{"type": "text", "text": "I look."}, {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": str(folder / "a.txt")}}]
    usage = {"input_tokens": 1000, "output_tokens": 7, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0}
    message = {"id": "msg_" + os.urandom(4).hex(), "type": "message", "role": "assistant", "model": request["model"],
               "content": [], "stop_reason": None, "stop_sequence": None, "usage": {**usage, "output_tokens": 1}}
    out = event("message_start", message=message)
    for index, block in enumerate(said):
        if block["type"] == "text":
            start, delta = {**block, "text": ""}, {"type": "text_delta", "text": block["text"]}
        else:
            start, delta = {**block, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        out += event("content_block_start", index=index, content_block=start)
        out += event("content_block_delta", index=index, delta=delta) + event("content_block_stop", index=index)
    reason = "tool_use" if len(said) == 2 else "end_turn"
    return out + event("message_delta", delta={"stop_reason": reason, "stop_sequence": None}, usage=usage) + event("message_stop")


requests = []


async def serve(reader, writer):
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    length = [int(line.split(":")[1]) for line in head.split("\r\n") if line.startswith("content-length")]
    body = await reader.readexactly(length[0]) if length else b""
    if "/messages" in head.split()[1] and body:
        requests.append((len(body), json.loads(body)))
        answer = reply(requests[-1][1])
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n" + answer)
    else:
        writer.write(b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
    await writer.drain()
    writer.close()


class Agent:
    """The adapter, spoken to in lines of JSON; told holds its notifications."""

    async def start(self, *command: str, **env: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", **env}, limit=1 << 24,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, start_new_session=True)
        self.waiting, self.told = {}, []
        self.reading = asyncio.create_task(self.read())

    async def read(self) -> None:
        while line := await self.process.stdout.readline():
            message = json.loads(line)
            if "method" in message:
                self.told.append(message["params"])
            else:
                self.waiting.pop(message["id"]).set_result(message)

    async def ask(self, method: str, **params) -> dict:
        number = self.number = getattr(self, "number", 0) + 1
        future = self.waiting[number] = asyncio.get_running_loop().create_future()
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode() + b"\n")
        return (await asyncio.wait_for(future, 120))["result"]

    async def turn(self, text: str) -> dict:
        return await self.ask("session/prompt", sessionId=self.session, prompt=[{"type": "text", "text": text}])

    def end(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)


async def claude() -> Agent:
    (folder / "a.txt").write_text("alpha\n")
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    agent = Agent()
    await agent.start(sys.argv[2], ANTHROPIC_BASE_URL=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}",
                      ANTHROPIC_API_KEY="key", ANTHROPIC_MODEL="mock-model", CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC="1",
                      DISABLE_TELEMETRY="1", DISABLE_AUTOUPDATER="1")
    agent.server = server
    await agent.ask("initialize", protocolVersion=1, clientCapabilities={})
    agent.session = (await agent.ask("session/new", cwd=str(folder), mcpServers=[]))["sessionId"]
    return agent


async def main() -> bool:
    agent = await claude()
    try:
        usage = (await agent.turn("Read a.txt"))["usage"]
        await asyncio.sleep(1)
    finally:
        agent.end()
    file = next(home.glob(".claude/projects/*/*.jsonl"))
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    answers = [line["message"] for line in lines if line["type"] == "assistant"]
    names = {}
    for message in answers:
        name = names.setdefault(message["id"], f"message {len(names) + 1}")
        print(f"{name}: {message['content'][0]['type']:8} input {message['usage']['input_tokens']} output {message['usage']['output_tokens']}")
    added = sum(message["usage"]["input_tokens"] for message in answers)
    print(f"input tokens: {added} by adding lines, {usage['inputTokens']} by the answer to session/prompt")
    return len(answers) == 3 and len(names) == 2 and added == 3000 and usage["inputTokens"] == 2000


sys.exit(not asyncio.run(main()))
PY
