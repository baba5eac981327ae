"""From a delivery's bytes to a verdict document."""
