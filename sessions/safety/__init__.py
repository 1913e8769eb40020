"""What comes from outside or goes on record, made safe: text, numbers, the user's keys."""
