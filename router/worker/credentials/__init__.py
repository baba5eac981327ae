"""The accounts of providers."""
