"""Certificates on diagonal observables: the mean of one, and the best and mean value of an objective."""
