"""What a job waits for, what went wrong with it, and what of it is damaged, as people read it."""
