"""Picture files are made small by averaging; what is hostile or broken is refused in words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.support.pictures import png
from tui.pictures import svg
from tui.pictures.decode import NotDrawn, small
from tui.pictures.picture_cache import read_file

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'


def made(image: Any, form: str, **more: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, form, **more)
    return out.getvalue()


def test_every_kind_is_read_and_of_a_moving_one_the_first_frame() -> None:
    red, blue = Image.new("RGB", (40, 20), "red"), Image.new("RGB", (40, 20), "blue")
    for form in ("PNG", "JPEG", "WEBP", "BMP"):
        image, size = small(made(red, form), 10, 10)
        assert (image.size, size) == ((10, 5), (40, 20))
        assert image.getpixel((5, 2))[0] > 240
    for form in ("GIF", "WEBP"):
        moving = made(red, form, save_all=True, append_images=[blue])
        assert small(moving, 40, 20)[0].convert("RGB").getpixel((20, 10))[0] > 240


def test_pixels_are_averaged() -> None:
    chequered = Image.new("L", (64, 64))
    chequered.putdata([255 * ((x + y) % 2) for y in range(64) for x in range(64)])
    image, _ = small(made(chequered.convert("RGB"), "PNG"), 8, 8)
    assert all(120 <= low <= high <= 135 for low, high in image.getextrema())


def test_what_a_camera_turned_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = made(Image.new("RGB", (40, 20), "red"), "JPEG", exif=exif)
    image, size = small(turned, 100, 100)
    assert image.size == size == (20, 40)


def head(width: int, height: int) -> bytes:
    """A PNG that says how large it is, and has nothing of it."""
    start = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    said = struct.pack(">I", 13) + start + struct.pack(">I", zlib.crc32(start))
    return b"\x89PNG\r\n\x1a\n" + said + b"\0\0\xff\xffIDAT"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (head(50_000, 50_000), "too many pixels"),
        (head(50_000, 10), "50000 × 10"),
        (head(9_000, 9_000), "9000 × 9000"),
        (png(40, 40)[:50], "broken"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "broken"),
        (b"GIF89a" + b"\xff" * 40, "broken"),
        (b"RIFF\x10\0\0\0WEBPVP8 " + b"\xff" * 20, "broken"),
        (b"\xff\xd8\xff\xe0" + b"\0" * 30, "broken"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "broken"),
        (made(Image.new("RGB", (9, 9)), "TIFF")[:20], "broken"),
        (b"", "broken"),
    ],
)
def test_hostile_and_broken_files_are_refused(
    data: bytes, why: str, recwarn: pytest.WarningsRecorder
) -> None:
    with pytest.raises(NotDrawn, match=why):
        small(data, 40, 40)
    assert not recwarn.list, "a warning would be printed into the deck"


def test_what_is_no_file_or_too_large_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "large").touch()
    with (tmp_path / "large").open("r+b") as file:
        file.truncate(50_000_000)
    for path in (tmp_path / "large", Path("/dev/zero")):
        with pytest.raises(NotDrawn):
            read_file(path)


def test_an_svg_loses_what_runs_and_what_leads_elsewhere(tmp_path: Path) -> None:
    told = svg.without_links(
        f"""{SVG} onload="x()"><script>alert(1)</script>
        <style>@import url(http://a/b.css); rect {{ fill: url(#g) }}</style>
        <rect fill="url(http://a/b#c)" style="filter:url('file:///etc/passwd')"/>
        <image xlink:href="file:///etc/a.png"/><image href="data:image/svg+xml,x"/>
        <image href="data:image/png;base64,AA=="/><use href="#g"/><use href="http://a/b"/>
        <foreignObject><p/></foreignObject></svg>""".encode()
    )
    assert not any(word in told for word in ("alert", "http://a", "file:", "svg+xml", "foreign"))
    assert "#g" in told and "data:image/png" in told
    with pytest.raises(ValueError, match="entities"):
        svg.without_links(b'<!DOCTYPE svg [<!ENTITY a "b">]><svg>&a;</svg>')


@pytest.mark.parametrize(
    ("head", "size"),
    [
        ('width="200" height="120"', (200, 120)),
        ('viewBox="0 0 1e9 4.4"', (100_000, 4)),
        ("", (100, 100)),
        ('width="0" height="3"', (1, 3)),
    ],
)
def test_an_svgs_size_is_its_own_not_that_of_the_room_it_is_drawn_in(
    head: str, size: tuple[int, int]
) -> None:
    assert (
        svg.own_size(f"<?xml version='1.0'?><svg {head}><rect width='7'/></svg>".encode()) == size
    )


@pytest.mark.parametrize(("side", "size"), [("1e999", (100_000, 9)), ("1.2.3", (100, 100))])
def test_whatever_a_comment_says_of_an_svgs_size_it_is_drawn(
    side: str, size: tuple[int, int]
) -> None:
    pytest.importorskip("resvg_py")
    comment = f'<!-- <svg viewBox="0 0 {side} 9"> -->'
    drawn, told = small(f'{comment}{SVG} viewBox="0 0 20 10"/>'.encode(), 40, 40)
    assert (drawn.size, told) == ((40, 20), size)


def test_an_svg_is_drawn_and_nothing_beside_it(tmp_path: Path) -> None:
    pytest.importorskip("resvg_py")
    beside = tmp_path / "secret.png"
    beside.write_bytes(made(Image.new("RGB", (9, 9), "blue"), "PNG"))
    drawn, _ = small(
        f'{SVG} viewBox="0 0 20 10"><rect width="20" height="10" fill="#f00"/>'
        f'<image xlink:href="{beside}" width="20" height="10"/></svg>'.encode(),
        40,
        40,
    )
    assert drawn.size == (40, 20) and drawn.getpixel((20, 10))[:3] == (255, 0, 0)
    with pytest.raises(NotDrawn, match="broken"):
        small(b"<svg", 10, 10)
