#!/usr/bin/env bash
# Subject:  pyte 0.8.2, a terminal in memory.
# Guess:    a character that it cannot place is left out, the rest of the text is shown.
# Seen:     at the first character of no width that is not a combining mark (zero-width space,
#           joiner, variation selector) it drops everything up to the next control character:
#           the rest of the line. Feed the same text one character at a time and all of it
#           comes.
# Output:
#   fed at once:      'I ❤' 'long'
#   with a colour:    'longand more'
#   a character each: 'longword and more'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyte==0.8.2 wcwidth==0.2.14

"$work/venv/bin/python" - <<'PY'
import sys
import pyte


def shown(*pieces: str) -> str:
    screen = pyte.Screen(40, 2)
    stream = pyte.Stream(screen)
    for piece in pieces:
        stream.feed(piece)
    return screen.display[0].rstrip()


heart = "I \u2764\ufe0f terminals"
space = "long\u200bword and more"
print("fed at once:     ", repr(shown(heart)), repr(shown(space)))
print("with a colour:   ", repr(shown("long\u200bword \x1b[31mand more")))
single = shown(*space)
print("a character each:", repr(single))
sys.exit(not (shown(heart) == "I \u2764" and shown(space) == "long" and single == "longword and more"))
PY
