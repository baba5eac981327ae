"""Encrypted keys at rest: an eth-account keystore (Web3 Secret Storage v3) and a password file, both mode 0600.

A password that we made ourselves has 256 random bits, which no key-stretching can improve on, so such a keystore
opens with a light scrypt (milliseconds); one under a password that a person chose gets the standard cost (about a
second).
"""

from __future__ import annotations

import json
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from eth_utils.address import to_checksum_address

from oracle.chain.errors import KeystoreRejected

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount

LIGHT_SCRYPT_N = 2**12
STANDARD_SCRYPT_N = 2**18
LARGEST_FILE = 64 * 1024


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

    Raises KeystoreRejected if a file is missing or readable by others, is not a keystore, or the password is wrong.
    """
    from eth_account import Account

    text = _read_secret(path, "keystore")
    password = _read_password(password_file)
    try:
        key = Account.decrypt(json.loads(text), password)
    except (ValueError, KeyError, TypeError, NotImplementedError) as error:
        # eth-keyfile says "MAC mismatch" for a wrong password; its other complaints are about the file's form.
        if "MAC" in str(error):
            raise KeystoreRejected(
                f"the password in {password_file} does not open {path}; name its own file"
            ) from error
        raise KeystoreRejected(
            f"{path} is not an encrypted keystore ({error}); make one with `compute-oracle init`"
        ) from error
    account: LocalAccount = Account.from_key(key)
    return account


def address_of(path: Path) -> str:
    """The checksum address that the keystore at `path` is for, without opening it.

    Raises KeystoreRejected if the file is missing, readable by others, or names no address.
    """
    try:
        address = json.loads(_read_secret(path, "keystore"))["address"]
        return str(to_checksum_address("0x" + str(address).removeprefix("0x")))
    except (ValueError, KeyError, TypeError) as error:
        raise KeystoreRejected(
            f"{path} is not an encrypted keystore that names its address; make one with `compute-oracle init`"
        ) from error


def _read_password(path: Path) -> str:
    password = _read_secret(path, "password file").strip()
    if not password:
        raise KeystoreRejected(f"password file {path} is empty; write the password into it, on one line")
    return password


def _read_secret(path: Path, what: str) -> str:
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            data = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as error:
        raise KeystoreRejected(f"{what} {path} does not exist; make one with `compute-oracle init`") from error
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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
