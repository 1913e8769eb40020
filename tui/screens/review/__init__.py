"""Review: all that a session changed, by file and hunk; taken back, commented, committed, landed.

rows      a change as rows, one side under the other or side by side
colours   the syntax colours of a hunk's lines, made when they are first seen
view      the rows on screen, with a cursor
comments  what is said of lines, until it is sent to the session
screen    the files, the change, and what the keys do
"""
