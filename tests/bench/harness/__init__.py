"""What the benchmarks of the interface share: a terminal, an engine that only streams, tmux."""
