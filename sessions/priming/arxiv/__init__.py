"""Papers drawn at random from arXiv, by its public API, within its limits.

    ids       what an id looks like, month by month, and how far its numbers may reach
    feed      the bytes of an answer → papers, a count, or the error that the feed is
    gate      one request at a time, so many seconds apart, over all processes of this user
    client    one request: headers, caps, retries, every fault named
    sample    a month or a category → which papers, exactly uniform
    store     what was fetched today, what was drawn before, what ships with agentdeck
    draw      all of it together: network, then earlier draws, then the shipped sample

Thank you to arXiv for use of its open access interoperability.
"""
