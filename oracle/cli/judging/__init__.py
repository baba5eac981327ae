"""`compute-oracle judge`: what was delivered or published, judged from files."""
