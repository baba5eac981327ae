"""A job's evidence in one file, the bundle, and what anybody derives again from its bytes alone."""
