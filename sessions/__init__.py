"""Runs and records sessions; knows nothing of screens (never imports textual)."""

VERSION = "0.1.0"
