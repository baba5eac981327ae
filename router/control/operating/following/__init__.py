"""What the chain and the validators say of a job, and what its deadlines let anybody do."""
