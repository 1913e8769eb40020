"""The Skills panel: what is there, what it costs, and one key to switch it."""

from tui.panels.skills.panel import SkillsPanel

__all__ = ["SkillsPanel"]
