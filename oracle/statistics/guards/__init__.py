"""Guards: what no honest run shows, however noisy its device is. They reject or say nothing, and never accept."""
