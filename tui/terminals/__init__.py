"""Terminals in tiles: a program's screen as cells, its keys, its scrollback."""
