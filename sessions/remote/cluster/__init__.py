"""Sessions on a Ray cluster: one detached, named actor for each, with an engine of its own.

ray_actor       what Ray makes an actor of: it passes on what it is asked to its session's process
fork_server     a process of each node, from which those of sessions are forked
actor_deck      what such a process is: the deck of one session, in a home of its own on its node
actor_start     what an actor is given when it begins
actor_homes     where the homes of actors are on a node
home_lock       one process at a time works in an actor's home
settings        how it is configured
bridge          a process beside the engine that alone speaks with Ray, so that what becomes of the
                cluster is nothing to the engine
frames          what two of these processes say to each other
frame_client    the side of them that asks
driver          the bridge, from the engine's side
prerequisites   what this machine must have before a cluster is connected to
site            the cluster as a site where sessions live (`sessions.remote.site_interface`)
actor           one session's actor, from the engine's side: followed until it has ended or is lost
ledger          the actors that were begun and not ended, for the next engine
start_pace      how many actors begin at a time
node_resources  what a task asks of the node that it runs on
"""
