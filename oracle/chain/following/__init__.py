"""What the chain said, read once: new blocks as they come, and one job as the chain alone tells it."""
