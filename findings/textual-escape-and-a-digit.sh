#!/usr/bin/env bash
# Subject:  Textual 8.2.8 and what terminals without the Kitty protocol (tmux among them) send for alt.
# Guess:    escape and a character is alt and that key, for all keys alike.
# Seen:     letters are, most of them. Digits are what a Mac's option key would print (alt+1 is
#           an inverted exclamation mark, alt+3 a pound sign, which a field then types), alt+enter is a
#           plain enter, alt+b is ctrl+left, alt+backspace ctrl+w. A binding on alt+1 never runs.
# Output:
#   escape 'a'     alt+a                      types 'a'
#   escape 'b'     ctrl+left                  types None
#   escape '1'     inverted_exclamation_mark  types '¡'
#   escape '3'     pound_sign                 types '£'
#   escape '\r'    enter                      types '\r'
#   escape '\x7f'  ctrl+w                     types None
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check textual==8.2.8

"$work/venv/bin/python" - <<'PY'
import sys
from time import sleep

from textual._xterm_parser import XTermParser

expected = {
    "a": "alt+a", "b": "ctrl+left", "1": "inverted_exclamation_mark", "3": "pound_sign",
    "\r": "enter", "\x7f": "ctrl+w",
}
got = {}
for sent in expected:
    parser = XTermParser()
    events = list(parser.feed("\x1b" + sent))
    sleep(0.3)  # longer than the parser waits for the rest of a sequence
    events += list(parser.tick())
    got[sent] = " ".join(event.key for event in events)
    print(f"escape {sent!r:7} {got[sent]:26} types {events[-1].character!r}")
sys.exit(got != expected)
PY
