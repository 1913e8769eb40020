"""Hours of work in minutes: the real engine and the real deck under load, watched for leaks."""
