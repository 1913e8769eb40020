"""Sessions at work: the deck, its sessions, their turns, and the limits they keep to."""
