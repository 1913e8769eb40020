"""Conversations of other harnesses, read into our journals; their files are only read.

One module per harness (formats as found in the wild, see each module), `run` for the rest:
which file is whose, what was imported before, and the writing.
"""
