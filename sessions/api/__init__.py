"""Every command of the engine, typed: what it takes and what it answers.

`requests` and `answers` hold the shapes; the commands themselves (`sessions.engine.commands`) are
written with them. `calls` is made from the commands' signatures, and so is docs/protocol.md:
`python -m sessions.engine.protocol` writes both, and a test finds a difference.
"""
