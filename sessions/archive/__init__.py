"""All sessions on disk: found, searched, exported. The index can be thrown away."""
