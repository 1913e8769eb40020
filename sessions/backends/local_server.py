"""llama.cpp's server in a process of its own: `python -P -m sessions.backends.local_server`.

Prints one JSON line, `{"url": …}` or `{"error": …}`, and serves until its stdin ends, which it
does when the engine ends, however that comes about. The key comes on stdin, never in the
arguments, which every user of the machine can read.
"""

from __future__ import annotations

import argparse
import json
import os
import sys


def main() -> None:
    """Load the model and serve on loopback."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--slots", type=int, default=6)
    parser.add_argument("--context", type=int, default=16384)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    key = sys.stdin.readline().strip()
    # llama.cpp prints to stdout as it pleases; our one line goes to the real one.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        server = _serve(options, key)
    except Exception as error:  # a worker's boundary: whatever it is, the engine must be told
        print(json.dumps({"error": str(error) or repr(error)}), file=out, flush=True)
        raise SystemExit(1) from error
    print(json.dumps({"url": server.listening_address}), file=out, flush=True)
    sys.stdin.read()
    os._exit(0)


def _serve(options: argparse.Namespace, key: str) -> _Server:
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = options.model
    params.n_ctx = options.context
    params.n_parallel = options.slots
    params.cpuparams.n_threads = options.threads or _threads()
    params.api_keys = [key]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.endpoint_slots = False
    # A small model wanders at the usual temperature, and repeats itself without end below it.
    params.sampling.temp = 0.4
    params.sampling.top_p = 0.9
    params.sampling.penalty_repeat = 1.08
    params.sampling.penalty_last_n = 128
    params.ui = False
    server: _Server = xllamacpp.Server(params)
    return server


def _threads() -> int:
    """As many as whoever started this says: Ray, which cores a task has."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() and int(told) else min(8, os.cpu_count() or 2)


class _Server:
    """What is used of xllamacpp.Server."""

    listening_address: str


if __name__ == "__main__":
    main()
