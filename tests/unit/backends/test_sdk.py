"""An SDK brings no second HTTP client with it."""

import subprocess
import sys

import pytest

CODE = """
import sys
from sessions.backends.sdk import sdk
made = sdk({name!r})
assert made is sdk({name!r}) and made.__name__ == {name!r}
assert "aiohttp" not in sys.modules, "it takes 10 MB"
import importlib.util
assert importlib.util.find_spec("aiohttp"), "hidden for good"
"""


@pytest.mark.parametrize("name", ["anthropic", "openai"])
def test_an_sdk_is_imported_without_aiohttp(name: str) -> None:
    pytest.importorskip("aiohttp")
    if name == "openai":
        pytest.importorskip("openai")
    code = CODE.format(name=name)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert not ran.returncode, ran.stderr


def test_what_is_not_there_is_an_import_error() -> None:
    from sessions.backends.sdk import sdk

    with pytest.raises(ImportError):
        sdk("no_such_sdk_of_ours")
