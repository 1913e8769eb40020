"""The Harvest panel: what sessions left behind, the basket, and the drafts made of it."""

from tui.panels.harvest.panel import HarvestPanel

__all__ = ["HarvestPanel"]
