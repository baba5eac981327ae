"""Who controls a DID, where the DID itself proves it: a wallet's address, or a key.

`did:pkh` names an account of a chain, `did:key` a public key; of any other method only a registry or a server could say
who controls it, and nobody here asks one.
"""

from __future__ import annotations

import re

from eth_keys.datatypes import PublicKey
from eth_utils.exceptions import ValidationError

from router.errors import RouterError

_PKH = re.compile(r"did:pkh:eip155:([1-9][0-9]{0,31}):(0x[0-9a-fA-F]{40})")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_LONGEST = 200
"""Characters of a did:key that are decoded: decoding takes the square of them."""
_SECP256K1 = b"\xe7\x01"
_OTHERS = {
    b"\xed\x01": "Ed25519",
    b"\xec\x01": "X25519",
    b"\x80\x24": "P-256",
    b"\x81\x24": "P-384",
    b"\x85\x24": "RSA",
}
"""Multicodec prefixes of public keys (https://github.com/multiformats/multicodec)."""


class ControllerUnproven(RouterError, ValueError):
    """A DID does not prove who controls it on this chain; `reason` says why."""

    def __init__(self, did: str, reason: str) -> None:
        self.did, self.reason = did, reason
        super().__init__(f"{did}: {reason}")


def controller_of(did: str, chain_id: int) -> str:
    """The EIP-55 address whose key signs for `did` on chain `chain_id`.

    ``did:pkh:eip155:<chain id>:<address>``, or a ``did:key`` of a secp256k1 key as the did:key specification of the
    W3C's credentials group encodes it. Raises ControllerUnproven for everything else.
    """
    if did.startswith("did:pkh:"):
        matched = _PKH.fullmatch(did)
        if matched is None or int(matched[1]) != chain_id:
            raise ControllerUnproven(did, f"it is no account of chain {chain_id}")
        return matched[2]
    if did.startswith("did:key:"):
        return _address_of_key(did)
    method = did.split(":")[1]
    raise ControllerUnproven(did, f"nobody here can prove who controls a did:{method}")


def _address_of_key(did: str) -> str:
    encoded = did.removeprefix("did:key:")
    if not encoded.startswith("z") or len(encoded) > _LONGEST or set(encoded[1:]) - set(_BASE58):
        raise ControllerUnproven(did, "its key is not in base58, as z and the digits of base58btc")
    number = 0
    for character in encoded[1:]:
        number = 58 * number + _BASE58.index(character)
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    if data[:2] != _SECP256K1:
        kind = _OTHERS.get(data[:2], "unknown")
        raise ControllerUnproven(did, f"its key is of another kind ({kind}) than a chain's accounts (secp256k1)")
    try:
        return PublicKey.from_compressed_bytes(data[2:]).to_checksum_address()
    except (ValidationError, ValueError) as error:
        raise ControllerUnproven(did, f"its key is no point of secp256k1 ({error})") from error
