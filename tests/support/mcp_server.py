"""A small MCP server for tests, on stdio. `python mcp_server.py [--changed | --silent]`."""

import os
import sys
import time
from typing import Annotated

if "--silent" in sys.argv:
    time.sleep(60)

from mcp.server.elicitation import ElicitationResult
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resolve import Elicit, Resolve
from mcp.types import BlobResourceContents, EmbeddedResource, ImageContent, TextResourceContents
from pydantic import BaseModel

server = MCPServer("test")
PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5E"
    "rkJggg=="
)


@server.tool(
    description="Adds. \u200bHidden\u202e" + (" Changed." if "--changed" in sys.argv else "")
)
def add(a: int, b: int) -> int:
    return a + b


@server.tool()
def fail() -> str:
    raise ToolError("it \x1b[31mfailed")


@server.tool()
def picture() -> ImageContent:
    return ImageContent(type="image", data=PNG, mime_type="image/png")


@server.tool()
def report() -> list[EmbeddedResource]:
    text = TextResourceContents(uri="file:///out/tide%20table.csv", text="hour,height\n1,2\n")
    blob = BlobResourceContents(uri="made://charts/tides", mime_type="image/png", blob=PNG)
    return [EmbeddedResource(type="resource", resource=each) for each in (text, blob)]


@server.tool()
def die() -> str:
    os._exit(3)


@server.tool()
def env() -> str:
    return "\n".join(f"{k}={v}" for k, v in os.environ.items())


@server.tool()
def pid() -> str:
    return str(os.getpid())


class Wanted(BaseModel):
    """What `book` wants to know."""

    day: str
    seats: int = 2


async def wanted() -> Elicit[Wanted]:
    return Elicit("When shall it be?", Wanted)


@server.tool()
def book(found: Annotated[ElicitationResult[Wanted], Resolve(wanted)]) -> str:
    return f"{found.action} {getattr(found, 'data', None)}"


if __name__ == "__main__":
    if "--http" in sys.argv:
        server.run("streamable-http", port=int(sys.argv[-1]))
    else:
        server.run("stdio")
