"""Keys at rest: never overwritten, never open to others, and told plainly when they do not open."""

from __future__ import annotations

import json
import stat

import pytest
from eth_account import Account

from oracle.chain import keystore
from oracle.chain.errors import KeystoreRejected


@pytest.fixture
def paths(tmp_path):
    return tmp_path / "keys" / "v1.json", tmp_path / "keys" / "v1.password"


def test_a_created_key_loads_again_and_only_its_owner_can_read_it(paths):
    address = keystore.create(*paths)
    assert keystore.load(*paths).address == address
    for path in paths:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert {path.name for path in paths[0].parent.iterdir()} == {"v1.json", "v1.password"}, "a draft was left behind"


def test_the_key_is_encrypted_on_disk(paths):
    keystore.create(*paths)
    key = bytes(keystore.load(*paths).key).hex()
    assert key not in paths[0].read_text()
    assert json.loads(paths[0].read_text())["crypto"]["kdf"] == "scrypt"


def test_an_existing_key_is_not_overwritten(paths):
    keystore.create(*paths)
    before = paths[0].read_bytes()
    with pytest.raises(KeystoreRejected, match="exists already"):
        keystore.create(*paths)
    assert paths[0].read_bytes() == before


def test_an_existing_password_is_used_with_the_standard_cost(paths):
    paths[0].parent.mkdir()
    paths[1].touch(mode=0o600)
    paths[1].write_text("correct horse\n")
    keystore.create(*paths)
    assert json.loads(paths[0].read_text())["crypto"]["kdfparams"]["n"] == keystore.STANDARD_SCRYPT_N
    assert Account.decrypt(json.loads(paths[0].read_text()), "correct horse")


@pytest.mark.parametrize("which", [0, 1])
def test_a_file_open_to_others_is_refused_with_the_command_that_closes_it(paths, which):
    keystore.create(*paths)
    paths[which].chmod(0o640)
    with pytest.raises(KeystoreRejected, match=f"chmod 600 {paths[which]}"):
        keystore.load(*paths)


@pytest.mark.parametrize("which", [0, 1])
def test_a_missing_file_is_named(paths, which):
    keystore.create(*paths)
    paths[which].unlink()
    with pytest.raises(KeystoreRejected, match=paths[which].name):
        keystore.load(*paths)


def test_a_wrong_password_is_told_from_a_broken_keystore(paths):
    keystore.create(*paths)
    paths[1].write_text("another")
    with pytest.raises(KeystoreRejected, match="does not open"):
        keystore.load(*paths)


@pytest.mark.parametrize(
    "content", ["", "not json", "[]", "{}", '{"version": 3}', '{"version": 9, "crypto": {}}', "\ufeff"]
)
def test_a_file_that_is_no_keystore_is_refused(paths, content):
    keystore.create(*paths)
    paths[0].write_text(content)
    with pytest.raises(KeystoreRejected, match="not an encrypted keystore"):
        keystore.load(*paths)


@pytest.mark.parametrize(("content", "told"), [(b"\n", "empty"), (b"\xff\xfe", "not text"), (b"x" * 70_000, "larger")])
def test_an_unusable_password_file_is_refused(paths, content, told):
    keystore.create(*paths)
    paths[1].write_bytes(content)
    with pytest.raises(KeystoreRejected, match=told):
        keystore.load(*paths)
