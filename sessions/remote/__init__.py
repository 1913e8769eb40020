"""Sessions that live elsewhere, in the deck of here.

Such a session keeps its journal where it lives. What is shown of it here is a mirror: its events
are pulled from a number on, written to a journal under `data/sessions/` as they are numbered over
there, and only then told. Lists, search, tiles, exports, harvest and reports read the mirror as
they read any session; what is done to it is done over there.

    port             what a site where sessions live must be able to do: `Site`
    remote_sessions  all sites of this deck: mirrors, what is reachable, commands on their way
    mirrored         the session as the deck has it: it writes nothing and asks its site
    untrusted_input  what comes from elsewhere, made safe
"""
