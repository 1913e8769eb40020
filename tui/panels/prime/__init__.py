"""The Prime panel: tokens from outside the conversation, drawn, read, chosen and sent."""

from tui.panels.prime.panel import PrimePanel

__all__ = ["PrimePanel"]
