"""How the `compute` command reads and writes."""
