"""Priming: tokens from outside the conversation.

    draw      seeded, no model: letter sets, an order of letters, papers, words
    expand    a model reads meaning into the draw, in a throw-away fork without tools
    choose    a person ticks what is worth having
    inject    what was ticked goes into the session as one visible user turn
    measure   the gauge says which words are new since, and whose they are

`pipeline` has the steps, `record` their events, `kinds` what can be drawn and with which
parameters, `rows` what an interface shows, `arxiv` the papers. Nothing here knows of screens,
sessions or backends: a model is reached through `pipeline.Ask`.
"""
