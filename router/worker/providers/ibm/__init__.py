"""Adapter `ibm`: IBM Quantum through its own client, qiskit-ibm-runtime. Importing it is cheap."""

from router.worker.providers.ibm.provider import IbmProvider, make_ibm

__all__ = ["IbmProvider", "make_ibm"]
