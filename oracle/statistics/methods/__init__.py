"""Certificates: each accepts, rejects or says neither, at its stated rate."""
