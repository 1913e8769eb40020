"""The deck's main screen: the tiles, what stands around them, and what connects them."""
