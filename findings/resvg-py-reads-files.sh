#!/usr/bin/env bash
# Subject:  resvg-py 0.5.0, an SVG's <image> that names a file.
# Guess:    an SVG given as a text, without `resources_dir`, draws what stands in it.
# Seen:     a PNG anywhere on the disk that it names by its path is drawn into the result, with
#           `xlink:href` and with `href`; `file://` is not followed. Who draws SVGs of others has
#           to take such names out before.
# Output:
#   /…/beside.png        drawn
#   file:///…/beside.png not drawn
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check resvg-py==0.5.0 pillow==13.0.0

"$work/venv/bin/python" - "$work" <<'PY'
import io
import sys
from pathlib import Path

import resvg_py
from PIL import Image

beside = Path(sys.argv[1]) / "beside.png"
Image.new("RGB", (10, 10), (0, 0, 255)).save(beside)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="10" height="10"><rect width="10" height="10" fill="#f00"/>'
    '<image {}="{}" width="10" height="10"/></svg>'
)


def drawn(key: str, link: str) -> bool:
    made = bytes(resvg_py.svg_to_bytes(svg_string=SVG.format(key, link)))
    return Image.open(io.BytesIO(made)).convert("RGB").getpixel((5, 5)) == (0, 0, 255)


by_path = all(drawn(key, str(beside)) for key in ("href", "xlink:href"))
by_address = drawn("href", beside.as_uri())
print("/…/beside.png       ", "drawn" if by_path else "not drawn")
print("file:///…/beside.png", "drawn" if by_address else "not drawn")
sys.exit(not (by_path and not by_address))
PY
