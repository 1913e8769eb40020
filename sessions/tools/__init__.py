"""What a session may do: files, search, shell, questions, MCP; permissions; the sandbox.

`toolbox.Toolbox` is what a backend sees (`sessions.backends.base.Tools`). A tool is an object
of the `base.Tool` protocol; skills and MCP servers plug theirs in through the same list.

Who decides what: `workspace` says what a path is, `plain_command` whether a command line is one
plain program, `rules` what the user has allowed for good, `policy` puts the three and the session's
mode together into a `Verdict`. `safe_open` then opens exactly the path that was judged.
"""
