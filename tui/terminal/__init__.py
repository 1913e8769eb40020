"""What the real terminal is like: its keys, its size, its characters, what may reach it."""
