"""A small agent that speaks the Agent Client Protocol on stdio, and misbehaves when told to.

Sessions are kept in a file (`--state FILE`), so that they can be loaded again after the agent was
killed. Stdlib only. What it does is `scripted_acts`: a script is compiled at every start, what it
imports once.
"""

import sys

sys.path.insert(0, __file__.rpartition("/tests/")[0])  # it is run as a script

from tests.support.scripted_acts import main

main()
