"""The Messages API (docs.claude.com/en/api/messages-streaming), by the SDK `anthropic`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sessions.backends.messages_stream import Response, ResponseReader, Sink
from sessions.backends.streamed_response import Wire

OFFICIAL_HOST = "api.anthropic.com"


class MessagesApi(Wire):
    """A Messages API server."""

    def _make(self) -> Any:
        # Servers that are not Anthropic's often know only the older header.
        older = {"X-Api-Key": self._key} if self._key and self._host != OFFICIAL_HOST else None
        return self._sdk().AsyncAnthropic(
            **self._settings(), open_telemetry=False, default_headers=older
        )

    def _sdk(self) -> Any:
        import anthropic

        return anthropic

    def _reader(self, sink: Sink, response: Response, params: Mapping[str, Any]) -> ResponseReader:
        return ResponseReader(sink, response)

    def _request(self, client: Any, params: Mapping[str, Any]) -> Any:
        return client.messages.with_streaming_response.create(**params, stream=True)

    def _listing(self, client: Any) -> Any:
        return client.models.with_streaming_response.list(limit=200)
