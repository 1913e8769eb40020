"""arXiv on loopback: a synthetic month behind the API as the real one speaks.

    async with ArxivServer(exists=lambda base: True) as server:
        server.url          # for [priming.arxiv] url
        server.requests     # every request: query, headers, when

Papers are made from their ids, so no list is kept. Faults are told in advance, one for each
request, with `server.faults.append(...)`; when they are used up it answers properly.

    python -m tests.support.arxiv_server --port 8099 --share 0.4
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote
from xml.sax.saxutils import escape

Exists = Callable[[str], bool]
Fault = Callable[["Request"], Awaitable["Answer | None"]]


@dataclass(frozen=True)
class Request:
    """What a client asked."""

    query: dict[str, str]
    headers: dict[str, str]
    at: float

    @property
    def ids(self) -> list[str]:
        text = self.query.get("id_list", "")
        return text.split(",") if text else []


@dataclass(frozen=True)
class Answer:
    """What is sent back; `endless` bytes more follow, in chunks."""

    status: int = 200
    body: bytes = b""
    type: str = "application/atom+xml; charset=UTF-8"
    headers: dict[str, str] = field(default_factory=dict)
    endless: int = 0
    cut: int = 0
    """Close the connection so many bytes before the end."""


FEED = (
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
    'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">'
    "<id>https://arxiv.org/api/x</id><title>arXiv Query</title>"
    "<updated>2026-04-12T22:10:19Z</updated>"
    "<opensearch:itemsPerPage>{per}</opensearch:itemsPerPage>"
    "<opensearch:totalResults>{total}</opensearch:totalResults>"
    "<opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"
)


def share(value: float, salt: str = "") -> Exists:
    """Ids exist with this share, the same ones every time."""

    def exists(base: str) -> bool:
        digest = hashlib.sha256(f"{salt}{base}".encode()).digest()
        return int.from_bytes(digest[:6], "big") < value * 2**48

    return exists


def category_of(base: str) -> str:
    """One of six categories by the id; `cs.AI` has a quarter, `math.LO` one in a hundred."""
    number = int(hashlib.sha256(f"cat{base}".encode()).hexdigest()[:8], 16) % 100
    for top, name in ((25, "cs.AI"), (50, "hep-th"), (70, "q-bio.NC"), (85, "econ.EM")):
        if number < top:
            return name
    return "math.LO" if number == 99 else "astro-ph.GA"


def entry(base: str, version: int = 1, *, abstract: str = "", title: str = "") -> str:
    """One paper as the server of 2026 writes it."""
    category = category_of(base)
    month = base.rpartition("/")[2][:4]
    century = "19" if month > "9000" else "20"
    text = abstract or (
        f"We study object {base} with $a<b$ and \\emph{{care}}, and show by three experiments that "
        "the effect is smaller than had been thought, which bears on how such objects are counted."
    )
    return (
        f"<entry><id>http://arxiv.org/abs/{base}v{version}</id>"
        f"<title>{escape(title or f'On object [{base}]')}</title>"
        f"<updated>{century}{month[:2]}-{month[2:]}-15T10:00:00Z</updated>"
        f'<link href="https://arxiv.org/abs/{base}v{version}" rel="alternate" type="text/html"/>'
        f"<summary>{escape(text)}</summary>"
        f'<category term="{category}" scheme="http://arxiv.org/schemas/atom"/>'
        f"<published>{century}{month[:2]}-{month[2:]}-15T10:00:00Z</published>"
        f'<arxiv:primary_category term="{category}"/>'
        f"<author><name>Ana Example</name></author><author><name>Bo Müller</name></author></entry>"
    )


def feed(entries: list[str], total: int | None = None, start: int = 0) -> bytes:
    """An Atom answer."""
    count = len(entries) if total is None else total
    body = FEED.format(per=len(entries), total=count, start=start, entries="".join(entries))
    return body.encode()


def error_feed(why: str) -> bytes:
    """The entry that is an error, as with HTTP 400."""
    text = (
        f"<entry><id>https://arxiv.org/api/errors#{why.replace(' ', '_')}</id><title>Error</title>"
        f"<summary>{escape(why)}</summary><author><name>arXiv api core</name></author></entry>"
    )
    return feed([text], 1)


class ArxivServer:
    """The service; see the module."""

    def __init__(self, exists: Exists = lambda base: True, last: int = 40_000) -> None:
        self.exists = exists
        self.last = last
        """No id of a month has a number beyond this."""
        self.faults: list[Fault | Answer] = []
        self.requests: list[Request] = []
        self.open_now = self.most_open = 0
        self.special: dict[str, str] = {}
        """Entries that are not made from their id."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/query"

    async def __aenter__(self) -> ArxivServer:
        self._server = await asyncio.start_server(self._take, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: one of asyncio's that is cancelled complains in the log.
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                self.open_now += 1
                self.most_open = max(self.most_open, self.open_now)
                try:
                    await self._write(writer, await self._answer(_request(head)))
                finally:
                    self.open_now -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _write(self, writer: asyncio.StreamWriter, answer: Answer) -> None:
        length = len(answer.body) + answer.endless
        lines = [f"HTTP/1.1 {answer.status} X", f"Content-Type: {answer.type}"]
        lines += [f"Content-Length: {length}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        writer.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
        writer.write(answer.body[: len(answer.body) - answer.cut])
        chunk = b"<!-- " + b"x" * 65_527 + b"-->\n"
        for _ in range(0, answer.endless, len(chunk)):
            writer.write(chunk)
            await writer.drain()
        await writer.drain()
        if answer.cut:
            raise ConnectionResetError

    async def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if self.faults:
            fault = self.faults.pop(0)
            if isinstance(fault, Answer):
                return fault
            answer = await fault(request)
            if answer is not None:
                return answer
        return self.proper(request)

    def proper(self, request: Request) -> Answer:
        """The answer without a fault."""
        if not request.headers.get("accept") or "python" in request.headers.get("user-agent", ""):
            return Answer(406, b"", "text/html")
        query = request.query
        size, start = int(query.get("max_results", "10")), int(query.get("start", "0"))
        if size <= 0 or start + size > 10_000:
            return Answer(500, b"<html>internal error</html>", "text/html")
        ids = request.ids
        if len(ids) > 200:
            return Answer(400, b"<html><body>Bad Request</body></html>", "text/html")
        for text in ids:
            if not re.fullmatch(r"(?:[a-z-]+/\d{7}|\d{4}\.\d{4,5})(?:v\d+)?", text):
                return Answer(400, error_feed(f"incorrect id format for {text}"))
        found = self._found(ids, query.get("search_query", ""))
        # The order of an id list's answer is arbitrary.
        return Answer(
            body=feed([self._entry(b) for b in found[start : start + size]], len(found), start)
        )

    def _found(self, ids: list[str], search: str) -> list[str]:
        match = re.search(r"cat:([\w.*-]+)", search)
        category = match[1].rstrip("*") if match else ""
        if ids:
            bases = [text.split("v")[0] for text in ids]
            found = [base for base in bases if self._there(base)]
            found.sort(key=lambda base: hashlib.md5(base.encode()).hexdigest())
        else:
            found = [base for base in self._month(search) if self._there(base)]
        return [base for base in found if category_of(base).startswith(category)]

    def _there(self, base: str) -> bool:
        if base in self.special:
            return True
        number = base.rpartition("/")[2]
        width = 7 if "/" in base else (10 if number[:4] >= "1501" else 9)
        after = int(number[4:].lstrip(".") or 0)
        return len(number) == width and 1 <= after <= self.last and self.exists(base)

    def _month(self, search: str) -> list[str]:
        """All ids of the month in which a `submittedDate` range ends (and one before it)."""
        match = re.search(r"TO (\d{4})(\d{2})", search)
        if match is None:
            return []
        year, month = int(match[1]), int(match[2])
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
        prefix = f"{year % 100:02d}{month:02d}"
        before = f"{year % 100:02d}{month - 1:02d}" if month > 1 else f"{year % 100 - 1:02d}12"
        return [f"{p}.{n:05d}" for p, top in ((before, 300), (prefix, self.last))
                for n in range(1, top + 1)]  # fmt: skip

    def _entry(self, base: str) -> str:
        return self.special.get(base) or entry(base)


def _request(head: str) -> Request:
    first, *lines = head.split("\r\n")
    target = first.split(" ")[1]
    pairs = parse_qs(unquote(target.partition("?")[2].replace("+", " ")), keep_blank_values=True)
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines if line)
    }
    at = asyncio.get_running_loop().time()
    return Request({name: values[0] for name, values in pairs.items()}, headers, at)


async def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--share", type=float, default=0.4)
    given = parser.parse_args()
    server = ArxivServer(share(given.share))
    server.port = given.port
    async with server:
        print(server.url, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_main())
