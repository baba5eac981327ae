"""Tails, roots and logarithms, exact or rounded outward."""
