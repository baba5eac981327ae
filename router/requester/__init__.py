"""What the requester does with a job."""
