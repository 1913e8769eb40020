"""Plans: one intention becomes many sessions, and many sessions one answer.

model         the shape of a plan file;  read: reading it, strictly;  check: what it leads to
placeholders  what a prompt names, which are data;  fanout: one task for many items
"""
