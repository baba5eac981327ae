"""What the sections of a spec demand of one another, and what they amount to: a policy, rounds."""
