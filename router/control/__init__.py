"""The operator's part: whether, when and where a job runs, and the record of it."""
