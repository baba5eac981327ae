"""How a spec says that its result is judged."""
