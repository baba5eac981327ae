"""What the parties tell each other."""
