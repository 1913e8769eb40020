#!/usr/bin/env bash
# Subject:  pyte 0.8.2, fed what today's terminal programs send.
# Guess:    a sequence that it does not support is skipped, as terminals do.
# Seen:     strings (DCS, APC: tmux passthrough, kitty pictures) and colon parameters (curly
#           underline) stand on the screen as text; the switch for extended keys underlines all
#           that follows; an underline colour makes text bold; "clear the scrollback" clears
#           the screen. A test that compares pyte's screen tests pyte.
# Output:
#   DCS between a and c:        'atmux;bc'
#   APC between a and c:        'aGi=1;AAAAc'
#   curly underline, then text: '3mtext'
#   modifyOtherKeys, then text: underscore = True
#   underline colour, then text: bold = True
#   text, clear scrollback, dot: '    .'
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check pyte==0.8.2 wcwidth==0.2.14

"$work/venv/bin/python" - <<'PY'
import sys
import pyte


def fed(text: str) -> tuple[str, pyte.screens.Char]:
    screen = pyte.Screen(40, 2)
    pyte.Stream(screen).feed(text)
    line = screen.display[0].rstrip()
    return line, screen.buffer[0][max(0, len(line) - 1)]


passed, _ = fed("a\x1bPtmux;b\x1b\\c")
picture, _ = fed("a\x1b_Gi=1;AAAA\x1b\\c")
curly, _ = fed("\x1b[4:3mtext")
_, keys = fed("\x1b[>4;2mtext")
_, colour = fed("\x1b[58;5;1mtext")
cleared, _ = fed("text\x1b[3J.")
print("DCS between a and c:       ", repr(passed))
print("APC between a and c:       ", repr(picture))
print("curly underline, then text:", repr(curly))
print("modifyOtherKeys, then text: underscore =", keys.underscore)
print("underline colour, then text: bold =", colour.bold)
print("text, clear scrollback, dot:", repr(cleared))
sys.exit(not (passed == "atmux;bc" and picture == "aGi=1;AAAAc" and curly == "3mtext"
              and keys.underscore and colour.bold and cleared == "    ."))
PY
