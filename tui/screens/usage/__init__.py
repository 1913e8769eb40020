"""What sessions took, as plots and as a table."""
