"""Sessions on two real Ray nodes on loopback addresses; `make cluster` (skipped without Ray)."""
