"""Whose key signs for a DID: proven by the DID itself, or refused."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_keys.datatypes import PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from router.protocol.controllers import ControllerUnproven, controller_of

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def did_key(compressed: bytes, prefix: bytes = b"\xe7\x01") -> str:
    number, digits = int.from_bytes(prefix + compressed, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        digits = BASE58[digit] + digits
    return f"did:key:z{digits}"


@settings(deadline=None)  # the first key loads the curve
@given(st.integers(1, 2**255))
def test_a_did_key_is_controlled_by_the_account_of_its_key(secret: int) -> None:
    key = PrivateKey(secret.to_bytes(32, "big"))
    did = did_key(key.public_key.to_compressed_bytes())
    assert controller_of(did, 1) == controller_of(did, 31337) == Account.from_key(key.to_bytes()).address


def test_the_specification_s_own_example_has_the_key_that_it_names() -> None:
    """W3C CCG did:key, secp256k1 test vectors: the document's publicKeyJwk is this point."""
    did = "did:key:zQ3shokFTS3brHcDQrn82RUDfCZESWL1ZdCEJwekUDPQiYBme"
    assert did_key(bytes.fromhex("03874c15c7fda20e539c6e5ba573c139884c351188799f5458b4b41f7924f235cd")) == did
    assert controller_of(did, 1) == "0x255aFbbe5080F0A314bC8cF88793F26c44d184B0"


@pytest.mark.parametrize(
    ("did", "reason"),
    [
        ("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", "Ed25519"),
        ("did:key:zDnaerDaTF5BXEavCrfRZEk316dpbLsfPDZ3WJ5hRTPFU2169", "P-256"),
        (did_key(b"\x03" + b"\xff" * 32), "no point of secp256k1"),
        (did_key(b"\x03" + b"\x01" * 31), "no point of secp256k1"),
        ("did:key:z", "unknown"),
        ("did:key:m0l", "base58"),
        ("did:key:z" + "2" * 500, "base58"),
        ("did:pkh:eip155:10:0x255aFbbe5080F0A314bC8cF88793F26c44d184B0", "no account of chain 1"),
        ("did:pkh:solana:4sGjMW1sUnHzSxGspuhpqLDx6wiyjNtZ", "no account of chain 1"),
        ("did:web:buyer.example", "did:web"),
        ("did:ethr:0x255aFbbe5080F0A314bC8cF88793F26c44d184B0", "did:ethr"),
    ],
)
def test_a_did_that_proves_no_controller_here_is_refused_with_the_reason(did: str, reason: str) -> None:
    with pytest.raises(ControllerUnproven, match=reason):
        controller_of(did, 1)
