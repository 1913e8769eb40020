"""The record of a session: its events, the journal that keeps them, and what is read out of it."""
