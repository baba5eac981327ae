"""The command line: `compute`."""
