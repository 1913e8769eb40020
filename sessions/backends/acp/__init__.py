"""Whole agents as backends, over the Agent Client Protocol on stdio."""
