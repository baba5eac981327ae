"""Certificates on diagonal observables: the mean of one, and the best and mean value of an objective."""

from oracle.statistics.observables.best_value import BestValueCertifier, best_value_certifier
from oracle.statistics.observables.diagonal import Diagonal
from oracle.statistics.observables.expectation import ExpectationCertifier, expectation_certifier

__all__ = [
    "BestValueCertifier",
    "Diagonal",
    "ExpectationCertifier",
    "best_value_certifier",
    "expectation_certifier",
]
