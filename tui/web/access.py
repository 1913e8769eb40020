"""Who may have the deck: whoever was told the address, from a page of this very server.

Loopback is open to every user of the machine and, by way of their browsers, to every page that
they visit. So the address has a token, which becomes a cookie and leaves the address bar; a
connection says by its origin that it comes from our page; and a name that was made to point at
loopback (DNS rebinding) is none that we answer to.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Access:
    """One server's token and cookie, and the addresses that it answers to.

    Args:
        port: where it listens; cookies of two servers on one machine differ by it.
        public: the address that a reverse proxy gives it, "" without one.
    """

    def __init__(self, port: int, public: str = "") -> None:
        self.token = secrets.token_urlsafe(24)
        self.cookie = f"agentdeck_{port}"
        self.secret = secrets.token_urlsafe(24)
        """The cookie's value: the token stays in histories, and is none."""
        self._public = urlsplit(public)

    def address(self, port: int) -> str:
        """What a person opens."""
        base = self._public.geturl().rstrip("/") or f"http://127.0.0.1:{port}"
        return f"{base}/?token={self.token}"

    def secure(self, host: str) -> bool:
        """Whether a request for this host came by https, as far as the proxy's address says."""
        return self._public.scheme == "https" and host == self._public.netloc

    def knows(self, host: str) -> bool:
        """Whether `host` (the header) is a name of ours; any port, since ssh forwards to one."""
        if host and host == self._public.netloc:
            return True
        try:
            return urlsplit(f"//{host}").hostname in _LOOPBACK
        except ValueError:
            return False

    def same_page(self, host: str, origin: str) -> bool:
        """Whether a connection to `host` comes from a page that was fetched there."""
        public = f"{self._public.scheme}://{self._public.netloc}"
        return origin in (f"http://{host}", public if self._public.netloc else None)

    def opens(self, token: str) -> bool:
        """Whether this is the token of the address."""
        return _same(token, self.token)

    def admits(self, cookies: Mapping[str, str]) -> bool:
        """Whether a browser has been let in before."""
        return _same(cookies.get(self.cookie, ""), self.secret)


def _same(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())
