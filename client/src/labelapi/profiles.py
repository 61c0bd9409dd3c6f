"""Addresses and keys by name: in a file that only its owner can read, with the secret in the keyring where there is one."""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from labelapi.errors import NotSignedIn, UsageError

SERVICE = "labelapi"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
KEY, SECRET = re.compile(r"lsk_[0-9A-Za-z]{22}"), re.compile(r"lss_[0-9A-Za-z]{49}")


@dataclass(frozen=True)
class Profile:
    """Where the service is, and the key pair for it."""

    url: str
    key: str
    secret: str

    def __repr__(self) -> str:
        # The secret stays out of tracebacks and logs.
        return f"Profile(url={self.url!r}, key={self.key!r})"


def normal_url(url: str) -> str:
    """Return the address of a service without `/api/v1`. Raises UsageError for what is no address."""
    text = url.strip()
    if "://" not in text:
        text = f"https://{text}"
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("This is no address of a service.", "It looks like https://labels.example.org")
    if parts.username or parts.password:
        raise UsageError("The address contains a user name or a password. Leave both out.")
    path = re.sub(r"/api(/v1(/ui)?)?$", "", parts.path.rstrip("/"))
    return f"{parts.scheme}://{parts.netloc}{path}"


def checked_pair(key: str, secret: str) -> tuple[str, str]:
    """Return both parts of a key without blanks. Raises UsageError where they cannot be a key."""
    key, secret = key.strip(), secret.strip()
    if key.startswith("lss_") and secret.startswith("lsk_"):
        raise UsageError("The key and the secret are exchanged.", "The key begins with lsk_, the secret with lss_.")
    if not KEY.fullmatch(key):
        raise UsageError("The key is not complete: it is lsk_ and 22 letters and digits.")
    if not SECRET.fullmatch(secret):
        raise UsageError("The secret is not complete: it is lss_ and 49 letters and digits.")
    return key, secret


def find_profile(name: str | None = None) -> Profile:
    """Return the address and key to use.

    `LABELAPI_URL`, `LABELAPI_KEY` and `LABELAPI_SECRET` go before any profile; the name is that given, else
    `LABELAPI_PROFILE`, else `default`. Raises NotSignedIn when there is none.
    """
    url, key, secret = (os.environ.get(f"LABELAPI_{each}") for each in ("URL", "KEY", "SECRET"))
    if url and key and secret:
        return Profile(normal_url(url), *checked_pair(key, secret))
    if url or key or secret:
        raise UsageError("Set all three of LABELAPI_URL, LABELAPI_KEY and LABELAPI_SECRET, or none of them.")
    name = profile_name(name)
    kept = _read().get(name)
    if kept is None:
        raise NotSignedIn(f"There is no profile '{name}'.", f"labelapi login URL{_option(name)}")
    secret = kept.get("secret") or _secret_in_keyring(name, str(kept["key"]))
    if not secret:
        raise NotSignedIn(
            f"The secret of profile '{name}' is not in the keyring.", f"labelapi login URL{_option(name)}"
        )
    return Profile(str(kept["url"]), str(kept["key"]), str(secret))


def profile_name(name: str | None) -> str:
    """Return the name of the profile to use."""
    return name or os.environ.get("LABELAPI_PROFILE") or "default"


def keep_profile(name: str, profile: Profile) -> str:
    """Keep a profile, and return in words where its secret is."""
    entry = {"url": profile.url, "key": profile.key}
    in_keyring = _put_in_keyring(name, profile)
    if not in_keyring:
        entry["secret"] = profile.secret
    _write({**_read(), name: entry})
    return "the keyring" if in_keyring else str(profiles_file())


def forget_profile(name: str) -> bool:
    """Remove a profile; return whether it was there."""
    profiles = _read()
    entry = profiles.pop(name, None)
    if entry is None:
        return False
    _write(profiles)
    keyring = _keyring()
    if keyring and "secret" not in entry:
        # Each keyring has errors of its own.
        with suppress(Exception):
            keyring.delete_password(SERVICE, f"{name} {entry['key']}")
    return True


def profiles_file() -> Path:
    """Return where profiles are kept."""
    import platformdirs

    return Path(platformdirs.user_config_dir(SERVICE, appauthor=False)) / "profiles.json"


def _option(name: str) -> str:
    return "" if name == "default" else f" --profile {name}"


def _read() -> dict[str, dict[str, Any]]:
    path = profiles_file()
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise UsageError(f"The file with the profiles cannot be read: {path} ({error})") from error
    if not isinstance(kept, dict):
        raise UsageError(f"The file with the profiles is not one of this program: {path}")
    return kept


def _write(profiles: dict[str, dict[str, Any]]) -> None:
    """Replace the file as a whole; nobody else can read it at any moment."""
    path = profiles_file()
    path.parent.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".profiles-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(profiles, file, indent=1)
        Path(temporary).chmod(PRIVATE_FILE)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink()
        raise


def _keyring() -> Any:
    """Return the keyring's module where one is installed and has a place for secrets."""
    try:
        import keyring
        from keyring.backends import fail
    except ImportError:
        return None
    return None if isinstance(keyring.get_keyring(), fail.Keyring) else keyring


def _put_in_keyring(name: str, profile: Profile) -> bool:
    keyring = _keyring()
    if keyring is None:
        return False
    account = f"{name} {profile.key}"
    try:
        keyring.set_password(SERVICE, account, profile.secret)
        return bool(keyring.get_password(SERVICE, account) == profile.secret)
    except Exception:  # Each keyring has errors of its own, and the file is as good.
        return False


def _secret_in_keyring(name: str, key: str) -> str | None:
    keyring = _keyring()
    try:
        return keyring.get_password(SERVICE, f"{name} {key}") if keyring else None
    except Exception:  # Each keyring has errors of its own.
        return None
