"""Foreign text of every kind, made up at random: nothing crashes, nothing controls the terminal.

Short by default; `AGENTDECK_FUZZ=10000` says how many examples a test tries.
"""
