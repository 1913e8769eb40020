"""Settings: the whole configuration on a screen."""
