"""Keys at rest: never overwritten, never open to others, and told plainly when they do not open."""

from __future__ import annotations

import json
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest
from eth_account import Account
from eth_keyfile.keyfile import create_keyfile_json

from oracle.chain.errors import KeystoreRejected
from oracle.chain.transactions import keystore


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


KEY = Account.from_key(b"\x42" * 32)


def of_another_tool(paths, password, **changes):
    """The key under `password` as another tool writes it: `changes` replace fields, None leaves one out."""
    made = create_keyfile_json(bytes(KEY.key), password.encode(), kdf=changes.pop("kdf", "scrypt"), iterations=2)
    paths[0].parent.mkdir(exist_ok=True)
    for path, content in zip(paths, (json.dumps({**made, **changes}), password + "\n"), strict=True):
        path.touch(mode=0o600)
        path.write_text(content)
    return made


@pytest.mark.parametrize("kdf", ["scrypt", "pbkdf2"])
def test_a_keystore_that_names_no_address_opens_and_tells_it(paths, kdf):
    made = of_another_tool(paths, "pw", kdf=kdf)
    del made["address"]
    paths[0].write_text(json.dumps(made))
    assert keystore.load(*paths).address == KEY.address
    assert keystore.address_of(*paths) == KEY.address
    with pytest.raises(KeystoreRejected, match="does not name its address; give its password file"):
        keystore.address_of(paths[0])


@pytest.mark.parametrize("address", ["", None, KEY.address, KEY.address.lower()[2:], KEY.address.upper()[2:]])
def test_every_way_to_write_the_address_is_read(paths, address):
    of_another_tool(paths, "pw", address=address)
    assert keystore.address_of(*paths) == keystore.load(*paths).address == KEY.address


def test_field_names_in_capitals_are_read(paths):
    made = of_another_tool(paths, "pw")
    paths[0].write_text(json.dumps({"Crypto": made.pop("crypto"), **{k.capitalize(): v for k, v in made.items()}}))
    assert keystore.address_of(*paths) == keystore.load(*paths).address == KEY.address


def test_a_keystore_that_names_another_address_is_refused(paths):
    other = Account.from_key(b"\x43" * 32).address
    of_another_tool(paths, "pw", address=other)
    with pytest.raises(KeystoreRejected, match=f"names {other} and holds the key of {KEY.address}"):
        keystore.load(*paths)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n", "\n\n", "\r\n\r\n"])
@pytest.mark.parametrize("password", [" pw ", "\tpw", "p w", "   ", "pässwörd "])
def test_a_password_is_its_line_without_the_line_end_and_with_its_spaces(paths, password, ending):
    of_another_tool(paths, password)
    for content in (password + ending, "\ufeff" + password + ending):
        paths[1].write_bytes(content.encode())
        assert keystore.load(*paths).address == KEY.address


def test_a_wrong_password_with_spaces_at_its_ends_is_told_that_they_count(paths):
    of_another_tool(paths, "pw")
    paths[1].write_text("pw \n")
    with pytest.raises(KeystoreRejected, match="the spaces at its ends count"):
        keystore.load(*paths)


def test_a_password_file_of_several_lines_is_refused(paths):
    of_another_tool(paths, "pw")
    paths[1].write_text("pw\nanother\n")
    with pytest.raises(KeystoreRejected, match="several lines"):
        keystore.load(*paths)


def test_a_keystore_is_opened_once_per_process_and_a_changed_one_anew(paths, monkeypatch):
    of_another_tool(paths, "once")
    opened, decrypt = [], Account.decrypt

    def counted(*arguments):
        opened.append(arguments)
        return decrypt(*arguments)

    monkeypatch.setattr(Account, "decrypt", counted)
    with ThreadPoolExecutor(4) as pool:
        accounts = list(pool.map(lambda _: keystore.load(*paths), range(8)))
    assert {account.address for account in accounts} == {KEY.address}
    assert len(opened) == 1
    paths[1].chmod(0o644)
    with pytest.raises(KeystoreRejected, match="open to other users"):
        keystore.load(*paths)
    paths[1].chmod(0o600)
    of_another_tool(paths, "twice")
    keystore.load(*paths)
    assert len(opened) == 2
