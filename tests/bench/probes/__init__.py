"""What is measured in a build's own process: each prints one JSON object of its figures.

They run in both builds, so they name only what both have; what moved between them is looked up
by `both.module`.
"""
