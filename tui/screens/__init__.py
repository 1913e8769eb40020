"""Dialogs and screens over the deck, each with its style sheet beside it."""
