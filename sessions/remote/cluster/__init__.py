"""Sessions on a Ray cluster: one detached, named actor for each, with an engine of its own.

body      what an actor is: the deck of one session, in a home of its own on its node
alone     one process at a time works in an actor's home
settings  how it is configured
bridge    a process beside the engine that alone speaks with Ray, so that what becomes of the
          cluster is nothing to the engine
frames    what the two say to each other
driver    that process, from the engine's side
site      the cluster as a site where sessions live (`sessions.remote.port`)
actor     one session's actor, from the engine's side: followed until it has ended or is lost
ledger    the actors that were begun and not ended, for the next engine
needs     what a task asks of the node that it runs on
"""
