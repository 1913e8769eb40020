"""Where the parts of agentdeck meet a session: skills, tools, priming, limits.

Each module joins one part; `assembly` puts them together for the deck.
"""
