#!/usr/bin/env bash
# Subject:  Ray 2.60.0, token authentication (RAY_AUTH_MODE=token), one node on this machine.
# Guess:    a driver that has a token and is told to use it is refused, or warned, by a cluster that
#           asks for none.
# Seen:     it is let in and nothing is said: what it runs there runs without authentication. Whoever
#           wants to be sure asks a process of the cluster how it was started.
# Output:
#   the driver is told 'token', and the cluster runs with 'disabled'
#   nothing was said of it
set -euo pipefail
work=$(mktemp -d)
trap 'kill "$node" 2>/dev/null || true; sleep 1; rm -rf "$work"' EXIT
node=
python3 -m venv "$work/env"
"$work/env/bin/pip" install --quiet 'ray==2.60.0'
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export RAY_USAGE_STATS_ENABLED=0
RAY_AUTH_MODE=disabled "$work/env/bin/ray" start --head --node-ip-address 127.0.0.1 --port "$port" \
  --num-cpus 1 --object-store-memory 80000000 --include-dashboard false --temp-dir "$work/s" \
  --block >"$work/log" 2>&1 &
node=$!
for _ in $(seq 120); do grep -q "Ray runtime started" "$work/log" && break; sleep 0.5; done
head -c 32 /dev/urandom | base64 >"$work/token"
chmod 600 "$work/token"
RAY_AUTH_MODE=token RAY_AUTH_TOKEN_PATH="$work/token" "$work/env/bin/python" - "127.0.0.1:$port" 2>"$work/said" <<'EOF'
import os
import sys

import ray

ray.init(address=sys.argv[1], log_to_driver=False, logging_level="error")


@ray.remote
def mode():
    return os.environ.get("RAY_AUTH_MODE")


there = ray.get(mode.remote())
print(f"the driver is told {os.environ['RAY_AUTH_MODE']!r}, and the cluster runs with {there!r}")
assert there == "disabled", there
EOF
if grep -i "token\|auth" "$work/said"; then
  echo "It says so by now."
  exit 1
fi
echo "nothing was said of it"
