"""What the benchmarks share: figures, tables, a terminal, a server that streams, tmux."""
