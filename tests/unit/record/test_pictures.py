"""Pictures before they are sent: whole, of a known kind, neither too large nor too heavy."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import pytest

from sessions.record import pictures
from tests.support.pictures import png

PIL = pytest.importorskip("PIL.Image")


def made(form: str, size: tuple[int, int] = (40, 30)) -> bytes:
    """A picture of a format."""
    out = io.BytesIO()
    PIL.new("RGB", size, "red").save(out, form)
    return out.getvalue()


@cache
def noise(width: int, height: int) -> bytes:
    """A picture that can't be made shorter without loss; each is made once, which takes a while."""
    out = io.BytesIO()
    PIL.effect_noise((width, height), 90).convert("RGB").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(params=["with Pillow", "without"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Both with Pillow and without."""
    if request.param == "without":
        monkeypatch.setattr(pictures, "_pillow", lambda: None)
    return bool(request.param == "with Pillow")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_good_picture_is_sent_as_it_is(either: bool, form: str) -> None:
    verdict = pictures.judge(made(form))
    assert verdict == pictures.PictureVerdict(f"image/{form.lower()}")


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_a_picture_that_is_cut_off_is_not_sent(either: bool, form: str) -> None:
    whole = made(form, (400, 300))
    for length in (12, 30, len(whole) * 2 // 3):
        assert "broken" in pictures.judge(whole[:length]).reason


@pytest.mark.parametrize("data", [b"", b"PNG", b"<svg/>", b"%PDF-1.7"])
def test_what_is_no_picture_is_not_sent(either: bool, data: bytes) -> None:
    assert pictures.judge(data).reason


def test_a_picture_with_too_many_pixels_is_made_smaller_or_told(either: bool) -> None:
    verdict = pictures.judge(png(1, 9000))
    if not either:
        assert "1 x 9000 pixels" in verdict.reason and "pictures" in verdict.reason
        return
    assert verdict.data is not None and not verdict.reason
    assert PIL.open(io.BytesIO(verdict.data)).size == (1, 8000)


def test_a_picture_that_is_too_heavy_as_base64_is_made_smaller_or_told(either: bool) -> None:
    heavy = noise(1400, 1400)
    assert pictures.MOST_BYTES < len(heavy) < pictures.MOST_BASE64
    verdict = pictures.judge(heavy)
    if not either:
        assert "base64" in verdict.reason
        return
    assert verdict.data is not None and len(verdict.data) <= pictures.MOST_BYTES


def test_many_pictures_are_smaller_each() -> None:
    verdict = pictures.judge(png(3000, 10), pictures.most_side(21))
    assert verdict.data is not None
    assert PIL.open(io.BytesIO(verdict.data)).size[0] == 2000


def test_a_file_that_was_changed_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png()[:40])
    assert pictures.look(path).reason
    path.write_bytes(png())
    assert not pictures.look(path).reason


def test_a_heavy_photograph_is_made_a_jpeg_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    heavy = noise(1400, 1400)
    monkeypatch.setattr(pictures, "_AS_PNG", ("image/png", "no form", {}))
    assert pictures.judge(heavy).media_type == "image/jpeg"
