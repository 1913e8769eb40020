"""What is raised by whatever a tool is made of."""

from __future__ import annotations


class ToolFault(Exception):
    """A tool can't do what was asked; the message goes to the model, so it says what to do."""
