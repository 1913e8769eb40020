"""Skill folders as things: parse, validate, discover, trust, install."""
