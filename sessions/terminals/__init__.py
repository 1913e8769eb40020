"""Programs on terminals that the engine owns: a pty each, what they printed, who looks on.

The engine keeps bytes, not a screen: `kept` holds the last of them, `marks` reads what programs
say of themselves, `recording` writes an asciicast, `terminal` puts these together. Whoever shows
a terminal draws the bytes with an emulator of its own.
"""
