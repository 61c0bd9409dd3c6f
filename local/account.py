"""Who runs PostgreSQL: it refuses to run as root, so an account without rights does, which exists already."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.folder import StartError

ACCOUNTS = ("postgres", "nobody")
# The shell of that account asks the system itself, so that access lists count as well as modes.
FIND_CLOSED = 'for folder; do [ -x "$folder" ] || { printf %s "$folder"; exit; }; done'


@dataclass(frozen=True)
class Account:
    """An account of this machine; `uid` None stands for the one that runs this process."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def for_subprocess(self) -> dict[str, Any]:
        """Return the arguments by which subprocess starts a program as this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def take(self, path: Path) -> None:
        """Make this account the owner of a path."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def server_account(data: Path) -> Account:
    """Return the account that shall run PostgreSQL: the present one, or for root the owner of `data`, else an account
    without rights. Raises StartError when this machine has none."""
    if os.geteuid() != 0:
        return Account("")
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(_name(owner.st_uid), owner.st_uid, owner.st_gid)
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise StartError(f"PostgreSQL does not run as root, and this machine has no account {' or '.join(ACCOUNTS)}.")


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def require_access(account: Account, path: Path, remedy: str) -> None:
    """Raise StartError, naming the first closed folder on the way to `path`, when the account cannot enter it."""
    if account.uid is None:
        return
    folders = [str(folder) for folder in (*reversed(path.parents), path)]
    found = subprocess.run(
        ["/bin/sh", "-c", FIND_CLOSED, "sh", *folders],
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        **account.for_subprocess(),
    ).stdout
    if found:
        raise StartError(
            f"As root, PostgreSQL runs as the account {account.name!r}, which cannot enter the folder {found}: {remedy}"
        )
