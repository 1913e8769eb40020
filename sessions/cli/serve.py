"""`agentdeck serve`: the deck in a browser."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import socket
from urllib.parse import urlsplit

import click

from sessions.cli.output import CONTEXT, say
from sessions.errors import AgentdeckError, UsageError

PORT = 8642


@click.command(context_settings=CONTEXT)
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True,
              help="Where it listens; 0: any that is free.")  # fmt: skip
@click.option("--read-only", is_flag=True, help="Look on: nothing is sent, answered or changed.")
@click.option("--public-url", default="", metavar="URL",
              help="The address that a reverse proxy gives it.")  # fmt: skip
def serve(port: int, read_only: bool, public_url: str) -> None:
    """The deck in a browser, on this machine alone (127.0.0.1).

    The address that is printed lets a browser in; keep it to yourself. From another machine:
    `ssh -L 8642:127.0.0.1:8642 HOST`, and the same address there.
    """
    if importlib.util.find_spec("textual_serve") is None:
        raise UsageError(
            "The deck in a browser needs the textual-serve package.",
            "pip install 'agentdeck-tui[web]'",
        )
    public = _checked(public_url)
    listening = _listen(port)
    from tui.web.access import Access
    from tui.web.server import serve as run

    port = listening.getsockname()[1]
    access = Access(port, public)
    say(f"The deck is at {access.address(port)}")
    if read_only:
        say("It only reads: nothing is sent, answered or changed from there.")
    say("ctrl+c ends this; the sessions go on.")
    asyncio.run(run(listening, access, read_only))


def _checked(url: str) -> str:
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.path in ("", "/")
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment or parts.username:
        raise UsageError(
            f"--public-url {url} is no address of a server.", "Such as https://deck.example.org"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise AgentdeckError(
                f"Port {port} is taken.", "Another agentdeck serve? Or give a free one by --port."
            ) from error
        raise AgentdeckError(
            f"Port {port} can't be had: {error.strerror}.", "Give another by --port."
        ) from error
