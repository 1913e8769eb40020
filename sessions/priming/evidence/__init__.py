"""What primings do, measured: open questions, many samples of each arm, and no judge.

questions: what is asked, and the rules of an answer. arms: the ways of asking. measures: of a
set of answers. results: the file that a run adds to, and goes on from. experiment: the run.
summary: means and intervals. shipped: what is known of a model. page: docs/evidence.md.
"""
