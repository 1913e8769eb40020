"""SVG → PNG by resvg (extra `pictures`), in a process of its own that can do nothing else.

What an SVG can say is a program: it may name files and addresses, unfold without end, or ask for
a picture of any size. So entities are refused, every reference but those into itself and to
pictures that it holds goes before it is drawn, and the process has a few seconds and a bounded
memory. resvg runs no scripts and asks no network.
"""

from __future__ import annotations

import re
import subprocess
import sys

from tui.pictures.not_drawn import NotDrawn

MOST_BYTES = 4_000_000
WITHIN_S = 8.0
_CPU_S = 6
_HEAD, _MOST_SIDE = 20_000, 100_000
_SIDE = 100.0
"""Of one that says nothing of its size."""
_MEMORY = 2 * 2**30
_HELD = re.compile(r"data:image/(?:png|jpe?g|gif|webp)[;,]", re.IGNORECASE)
_OUTSIDE = re.compile(r"url\(\s*['\"]?\s*(?!#)[^)]*\)|@import[^;]*;?", re.IGNORECASE)
_NEVER = ("script", "foreignobject", "iframe", "audio", "video")


def as_png(data: bytes, width: int, height: int) -> bytes:
    """The SVG drawn within so many pixels. Raises NotDrawn; for a thread."""
    if len(data) > MOST_BYTES:
        raise NotDrawn("an SVG of this size is not drawn")
    command = [sys.executable, "-I", "-m", "tui.pictures.svg", str(width), str(height)]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, timeout=WITHIN_S, check=False, env={}
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise NotDrawn("drawing it takes too long") from error
    if done.returncode or not done.stdout:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise NotDrawn(told[-1] if done.returncode == 3 and told else "drawing it takes too much")
    return done.stdout


# -- in the process


def without_links(data: bytes) -> str:
    """The SVG without what runs or leads elsewhere. Raises ValueError."""
    import xml.etree.ElementTree as ET

    if re.search(rb"<!\s*ENTITY", data, re.IGNORECASE):
        raise ValueError("it declares entities")
    try:
        root = ET.fromstring(data)
    except ET.ParseError as error:
        raise ValueError("it is broken") from error
    for parent in list(root.iter()):
        for child in list(parent):
            if _name(child.tag) in _NEVER:
                parent.remove(child)
        if parent.text and _name(parent.tag) == "style":
            parent.text = _OUTSIDE.sub("", parent.text)
        for key, value in list(parent.attrib.items()):
            if _name(key) in ("href", "src") and not _stays(value):
                del parent.attrib[key]
            else:
                parent.attrib[key] = _OUTSIDE.sub("none", value)
    return ET.tostring(root, encoding="unicode")


def _name(tag: object) -> str:
    return str(tag).rpartition("}")[2].lower()


def _stays(link: str) -> bool:
    return link.strip().startswith("#") or bool(_HELD.match(link.strip()))


def own_size(data: bytes) -> tuple[int, int]:
    """What it says of its size, in pixels: no one has looked whether it is an SVG at all."""
    text = data[:_HEAD].decode("utf-8", "replace")
    at = text.lower().find("<svg")
    try:
        wide, high = _own(text[max(0, at) :])
    except ValueError:  # what looks like its first tag may stand in a comment, and say anything
        wide = high = _SIDE
    return round(max(1, min(_MOST_SIDE, wide))), round(max(1, min(_MOST_SIDE, high)))


def _size(text: str, width: int, height: int) -> tuple[int, int]:
    """Its own proportions within the room."""
    wide, high = _own(text)
    scale = min(width / wide, height / high)
    return max(1, round(wide * scale)), max(1, round(high * scale))


def _own(text: str) -> tuple[float, float]:
    """Its width and height by the view box, else by those of its first tag."""
    head = text[: text.find(">") + 1]
    box = re.search(r"viewBox\s*=\s*['\"]\s*([^'\"]*)", head)
    numbers = [float(n) for n in re.findall(r"[\d.]+(?:e[+-]?\d+)?", box[1])] if box else []
    if len(numbers) == 4:
        own = numbers[2], numbers[3]
    else:
        found = [re.search(rf"\b{key}\s*=\s*['\"]\s*([\d.]+)", head) for key in ("width", "height")]
        own = tuple(float(each[1]) if each else _SIDE for each in found)  # type: ignore[assignment]
    wide, high = (max(1e-6, side) for side in own)
    return wide, high


def _main() -> int:
    import resource

    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_S, _CPU_S))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    try:
        import resvg_py
    except ImportError:
        sys.stderr.write("SVG is drawn with resvg-py, of the extra `pictures`")
        return 3
    try:
        text = without_links(sys.stdin.buffer.read())
        width, height = _size(text, int(sys.argv[1]), int(sys.argv[2]))
        made = resvg_py.svg_to_bytes(svg_string=text, width=width, height=height)
    except (ValueError, RecursionError, OSError) as error:
        sys.stderr.write(str(error).replace("\n", " ")[:200] or "it is broken")
        return 3
    sys.stdout.buffer.write(bytes(made))
    return 0


if __name__ == "__main__":
    sys.exit(_main())
