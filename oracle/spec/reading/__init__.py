"""From what people write to findings or a model."""
