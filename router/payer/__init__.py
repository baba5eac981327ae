"""The payer's purse."""
