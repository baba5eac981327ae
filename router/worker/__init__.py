"""What runs a job and delivers it."""
