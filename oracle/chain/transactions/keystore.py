"""Encrypted keys at rest: an eth-account keystore (Web3 Secret Storage v3) and a password file, both mode 0600.

A password that we made ourselves has 256 random bits, which no key-stretching can improve on, so such a keystore
opens with a light scrypt (milliseconds); one under a password that a person chose gets the standard cost (about a
second).

Keystores of other tools open as well: some name no address, some write `Crypto` or use PBKDF2. Of a password file the
line end is no part of the password, and all else on its line is, spaces too. A keystore is opened once per process.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import threading
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eth_utils.address import to_checksum_address

from oracle.chain.errors import KeystoreRejected
from oracle.encoding.files import sync_folder

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

LIGHT_SCRYPT_N = 2**12
STANDARD_SCRYPT_N = 2**18
LARGEST_FILE = 64 * 1024

_WITHOUT = {
    "keystore": "make one with `compute-oracle init`, or put it back from a backup",
    "password file": "put it back from a backup: no other password opens its key",
}

_opening = threading.Lock()
"""Two threads that ask for one key wait for a single opening."""


def create(path: Path, password_file: Path) -> str:
    """Make a new key, write it encrypted to `path` and return its checksum address.

    `password_file` is read if it exists, else written with a random password. Neither file is ever overwritten.
    Raises KeystoreRejected if `path` exists, or the password file is empty or readable by others.
    """
    # Half a second of imports, which whoever only asks for an address does not need.
    from eth_account import Account

    if path.exists():
        raise KeystoreRejected(f"{path} exists already; choose another --keystore, a key is never overwritten")
    if password_file.exists():
        password, cost = _read_password(password_file), STANDARD_SCRYPT_N
    else:
        password, cost = secrets.token_hex(32), LIGHT_SCRYPT_N
        _write_secret(password_file, password + "\n")
    account: LocalAccount = Account.create()
    encrypted = Account.encrypt(account.key, password, kdf="scrypt", iterations=cost)
    _write_secret(path, json.dumps(encrypted) + "\n")
    return str(account.address)


def load(path: Path, password_file: Path) -> LocalAccount:
    """The key in the keystore at `path`.

    Both files are read at each call, so a changed one is noticed; the same content is decrypted once per process.
    Raises KeystoreRejected if a file is missing or readable by others, is not a keystore, the password is wrong, or the
    key is not of the address that the keystore names.
    """
    text = _read_secret(path, "keystore")
    password = _read_password(password_file)
    try:
        with _opening:
            account = _opened(text, password)
        named = _named_address(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
        # eth-keyfile says "MAC mismatch" for a wrong password; its other complaints are about the file's form.
        if "MAC" in str(error):
            spaces = " (the spaces at its ends count)" if password != password.strip() else ""
            raise KeystoreRejected(
                f"the password in {password_file}{spaces} does not open {path}; name its own file"
            ) from error
        raise KeystoreRejected(
            f"{path} is not an encrypted keystore ({error}); make one with `compute-oracle init`"
        ) from error
    if named is not None and named != account.address:
        raise KeystoreRejected(
            f"{path} names {named} and holds the key of {account.address}; correct or remove its address"
        )
    return account


def address_of(path: Path, password_file: Path | None = None) -> str:
    """The checksum address that the keystore at `path` is for.

    It is not opened for that, unless it names no address and `password_file` is given. Raises KeystoreRejected if the
    file is missing, readable by others, or names no address and cannot be opened.
    """
    text = _read_secret(path, "keystore")
    try:
        named = _named_address(json.loads(text))
    except (ValueError, TypeError) as error:
        raise KeystoreRejected(
            f"{path} is not an encrypted keystore ({error}); make one with `compute-oracle init`"
        ) from error
    if named is not None:
        return named
    if password_file is None:
        raise KeystoreRejected(f"{path} does not name its address; give its password file, which says it")
    return str(load(path, password_file).address)


def _named_address(keystore: Any) -> str | None:
    """The address that a keystore names, in EIP-55 form. Raises ValueError, TypeError for what is no keystore."""
    if not isinstance(keystore, dict):
        raise TypeError("not a JSON object")
    fields = {str(name).lower(): value for name, value in keystore.items()}
    if not isinstance(fields.get("crypto"), dict):
        raise ValueError("no crypto section")
    if not (address := fields.get("address")):
        return None
    return str(to_checksum_address("0x" + str(address).lower().removeprefix("0x")))


@lru_cache(maxsize=64)
def _opened(text: str, password: str) -> LocalAccount:
    # Half a second of imports, which whoever only asks for an address does not need.
    from eth_account import Account

    account: LocalAccount = Account.from_key(Account.decrypt(json.loads(text), password))
    return account


def _read_password(path: Path) -> str:
    # Editors end a line in LF or CRLF, and one of them begins a file with a byte order mark.
    password, _, rest = _read_secret(path, "password file").removeprefix("\ufeff").partition("\n")
    if rest.strip("\r\n"):
        raise KeystoreRejected(f"password file {path} has several lines; write the password alone into it, on one line")
    password = password.rstrip("\r")
    if not password:
        raise KeystoreRejected(f"password file {path} is empty; write the password into it, on one line")
    return password


def _read_secret(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise KeystoreRejected(f"{what} {path} does not exist; {_WITHOUT[what]}") from error
    except OSError as error:
        raise KeystoreRejected(
            f"{what} {path} cannot be read ({error.strerror}); check the path and its owner"
        ) from error
    if mode & 0o077:
        raise KeystoreRejected(f"{what} {path} is open to other users (mode {mode:04o}); run `chmod 600 {path}`")
    if len(data) > LARGEST_FILE:
        raise KeystoreRejected(f"{what} {path} is larger than {LARGEST_FILE} bytes; name the right file")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise KeystoreRejected(f"{what} {path} is not text; name the right file") from error


def _write_secret(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and linked into place: a crash leaves no half key, and link() never overwrites, as rename() would.
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError as error:
            raise KeystoreRejected(f"{path} exists already; a key is never overwritten") from error
    finally:
        draft.unlink()
    sync_folder(path.parent)
