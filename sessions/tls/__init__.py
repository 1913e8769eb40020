"""TLS: which certificates are trusted, and how to do without it where nothing is sent abroad."""
