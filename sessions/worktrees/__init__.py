"""A git worktree for a session: made from a pinned commit, looked at, landed, put away.

The git that is installed does the work, called as a program (`git`). What is known of a session's
worktree is an event in its journal (`worktree.added`) and so a part of its summary; what is here
knows repositories and folders, and nothing of the deck.

    git          runs git: no hooks, no prompts, errors as sentences
    repository   what a folder is part of; a base pinned to a commit
    naming       branch names and folders of them
    make         a worktree added, files copied into it, removed
    setup        the configured command, run as the session's commands are
"""
