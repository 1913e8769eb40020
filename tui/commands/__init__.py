"""The deck's actions, one module per group; each registers in tui.actions."""
