"""Whether a job may run: every gate again with the money locked, and what the operator decides by hand."""
