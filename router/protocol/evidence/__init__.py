"""What a job's record consists of, its bundle, and the checks that take the event log."""
