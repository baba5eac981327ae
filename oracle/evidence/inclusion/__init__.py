"""Receipts of transactions, and the proof that a block has them."""
