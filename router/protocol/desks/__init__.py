"""What a party works with: an opened home, which has no key, and a desk, which has one."""
