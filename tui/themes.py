"""Themes of our own: high contrast, dark and light, for eyes and screens that need it."""

from __future__ import annotations

from textual.theme import Theme

CONTRAST = "high-contrast"
CONTRAST_LIGHT = "high-contrast-light"

THEMES = (
    Theme(
        name=CONTRAST,
        primary="#5fd7ff",
        secondary="#d7afff",
        accent="#ffd75f",
        warning="#ffaf00",
        error="#ff8787",
        success="#87ff87",
        foreground="#ffffff",
        background="#000000",
        surface="#000000",
        panel="#262626",
        boost="#303030",
        dark=True,
        variables={
            "text-muted": "#dadada",
            "text-disabled": "#c0c0c0",
            "block-cursor-background": "#ffff5f",
            "block-cursor-foreground": "#000000",
            "block-cursor-text-style": "bold",
            "input-cursor-background": "#ffff5f",
            "input-cursor-foreground": "#000000",
        },
    ),
    Theme(
        name=CONTRAST_LIGHT,
        primary="#003f8a",
        secondary="#5f0087",
        accent="#7a3e00",
        warning="#7a4a00",
        error="#9b0000",
        success="#005f00",
        foreground="#000000",
        background="#ffffff",
        surface="#ffffff",
        panel="#e4e4e4",
        boost="#dadada",
        dark=False,
        variables={
            "text-muted": "#1c1c1c",
            "text-disabled": "#4a4a4a",
            "block-cursor-background": "#00005f",
            "block-cursor-foreground": "#ffffff",
            "block-cursor-text-style": "bold",
            "input-cursor-background": "#00005f",
            "input-cursor-foreground": "#ffffff",
        },
    ),
)
