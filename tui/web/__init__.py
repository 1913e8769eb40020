"""The deck in a browser: a page on loopback, and a deck of its own behind every tab."""
