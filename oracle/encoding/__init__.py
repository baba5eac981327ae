"""Canonical bytes, digests, exact numbers and findings."""

from oracle.encoding.amounts import units
from oracle.encoding.canonical import CanonicalError, Json, canonical_bytes, parse_canonical, parse_json
from oracle.encoding.digests import ZERO_DIGEST, digest_of, is_digest, sha256_hex
from oracle.encoding.errors import OracleError
from oracle.encoding.findings import Finding, InputRejected, collapsed
from oracle.encoding.rationals import format_rational, in_decimals, parse_rational

__all__ = [
    "ZERO_DIGEST",
    "CanonicalError",
    "Finding",
    "InputRejected",
    "Json",
    "OracleError",
    "canonical_bytes",
    "collapsed",
    "digest_of",
    "format_rational",
    "in_decimals",
    "is_digest",
    "parse_canonical",
    "parse_json",
    "parse_rational",
    "sha256_hex",
    "units",
]
