"""What changes the chain: keys, transactions written down before they are sent, effects that happen once."""
