"""Circuits of known outcome."""
