#!/usr/bin/env bash
# Subject:  npm-pick-manifest 12.0.0, the part of npm that picks a version.
# Guess:    `npm install agent` and `npm install agent@latest` are the same, and a release that
#           needs a newer Node is installed with a warning or refused.
# Seen:     without a tag the dist-tag "latest" is passed over, in silence, when its `engines` do
#           not fit the Node that runs: an older release is installed (with Node 20, 0.49.0 of
#           claude-agent-acp, whose newest is 0.101.0).
#           With @latest, or a range that only the new one meets, it is the new one. `engines`
#           are only a wish, so the new one often runs.
# Output:
#   Node 20.20.2  npm install agent         1.9.0
#   Node 20.20.2  npm install agent@latest  2.0.0
#   Node 20.20.2  npm install agent@>=1     1.9.0
#   Node 20.20.2  npm install agent@^2      2.0.0
#   Node 22.0.0   npm install agent         2.0.0
#   Node 22.0.0   npm install agent@latest  2.0.0
#   Node 22.0.0   npm install agent@>=1     2.0.0
#   Node 22.0.0   npm install agent@^2      2.0.0
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
npm install --silent --no-fund --no-audit --prefix "$work" npm-pick-manifest@12.0.0

NODE_PATH="$work/node_modules" node - <<'JS'
const pick = require('npm-pick-manifest')
const release = (version, node) => ({ name: 'agent', version, engines: { node } })
const agent = {
  name: 'agent',
  'dist-tags': { latest: '2.0.0' },
  versions: { '1.9.0': release('1.9.0', '>=18'), '2.0.0': release('2.0.0', '>=22') },
}
const got = []
for (const nodeVersion of ['20.20.2', '22.0.0']) {
  for (const wanted of ['', '@latest', '@>=1', '@^2']) {
    got.push(pick(agent, wanted.slice(1), { nodeVersion, npmVersion: '11.0.0' }).version)
    console.log(`Node ${nodeVersion.padEnd(7)}  npm install agent${wanted.padEnd(7)}  ${got.at(-1)}`)
  }
}
process.exit(got.join() === '1.9.0,2.0.0,1.9.0,2.0.0,2.0.0,2.0.0,2.0.0,2.0.0' ? 0 : 1)
JS
