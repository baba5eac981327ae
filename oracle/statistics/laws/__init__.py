"""Laws other than the baseline: level sets of it, and its mixtures with declared noises."""
