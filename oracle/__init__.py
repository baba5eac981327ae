"""All that a verdict depends on; a validator audits this package and the contracts, and nothing else."""
