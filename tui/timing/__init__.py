"""When something is done: a little later, when nobody does anything, or beside all else."""
