"""The commands for quantum jobs."""
