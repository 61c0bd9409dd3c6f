"""Who calls, and whether the operation is open to them: both headers to an account, the account to the spec's `x-roles`."""

import hashlib
import time
from collections.abc import Sequence
from typing import Any

from connexion.lifecycle import ConnexionRequest
from sqlalchemy import Engine
from starlette.datastructures import Headers
from starlette.types import Scope
from structlog.contextvars import bind_contextvars

from app.database.outages import without_transaction
from app.errors import Forbidden, Unauthorized
from app.models.users import IMAGE_ADMIN
from app.services import api_keys
from app.services.api_keys import Account
from app.services.images import NO_ACCESS
from app.web.context import MISSING_KEYS, context_of
from app.web.key_usage import KeyUses
from app.web.openapi import Operation
from app.web.throttling import Lookups, Pair, WrongPairs, source_of

CACHE_SECONDS = 3.0
CACHE_SIZE = 10_000
ANY_CALLER = "any"

NO_SESSION_KEYS = "A session key does not give access to users, roles and keys. Send the API key that created it."
REFUSED = "This key pair does not work: it is unknown, wrong, revoked or expired, or its user is disabled."
EXCHANGED = (
    "The two parts of the key pair are exchanged: send the part that begins with lsk_ as Authentication-Key,"
    " and the part that begins with lss_ as Authentication-Secret."
)


class AccountCache:
    """Accounts of pairs that were right a moment ago, so that not every request asks the database.

    A revoked key works no longer than CACHE_SECONDS after its revocation in any process; secrets are held as hashes only.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[float, Account]] = {}

    def find(self, pair: bytes) -> Account | None:
        """Return the account of a pair that was checked less than CACHE_SECONDS ago, or None."""
        found = self._entries.get(pair)
        return found[1] if found and found[0] > time.monotonic() else None

    def knows(self, pair: bytes) -> bool:
        """True for a pair that was right before in this process, however long ago, and not wrong since."""
        return pair in self._entries

    def forget(self, pair: bytes) -> None:
        """Forget a pair that is wrong now."""
        self._entries.pop(pair, None)

    def keep(self, pair: bytes, account: Account) -> None:
        """Remember an account; the oldest entry goes when there are too many.

        A session key is only known and never found, so that it is looked up with each request, and ends at once with its parent.
        """
        self._entries.pop(pair, None)
        if len(self._entries) >= CACHE_SIZE:
            del self._entries[next(iter(self._entries))]
        seconds = CACHE_SECONDS if account.session_key_id is None else 0.0
        self._entries[pair] = (time.monotonic() + seconds, account)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


class KeyPairCheck:
    """Connexion's handler for both security schemes: one look at the pair, whatever scheme is named first."""

    def __init__(self, engine: Engine, wrong_pairs_per_minute: int) -> None:
        self._engine = engine
        self._wrong_pairs_per_minute = wrong_pairs_per_minute
        self.lookups = self._make_lookups()
        self.cache = AccountCache()
        self.uses = KeyUses(self._write_uses)

    def _make_lookups(self) -> Lookups:
        return Lookups(self._find, WrongPairs(self._wrong_pairs_per_minute))

    def clear(self) -> None:
        """Forget every remembered pair, every use and every count of wrong pairs."""
        self.cache.clear()
        self.lookups = self._make_lookups()
        self.uses.clear()

    def get_fn(self, _scheme: dict[str, Any], _scopes: list[str]) -> Any:
        """Return the function that Connexion calls with each request, for either scheme."""
        return self.verify

    async def verify(self, request: ConnexionRequest) -> dict[str, Any]:
        """Leave the caller's account in the context. Raises Unauthorized, Forbidden, and what `Lookups.find` raises."""
        context = context_of(request.scope)
        if context.caller is None:
            context.caller = await self._admit(request.scope, context.operation)
            self.uses.note(context.caller.api_key_id)
        return {}

    async def _admit(self, scope: Scope, operation: Operation | None) -> Account:
        pair = _pair_in(scope)
        account = self.cache.find(_digest(pair)) if _may_be_remembered(operation) else None
        # A role may have been granted a moment ago, so that nobody is refused on remembered facts.
        if not account or not _is_open(operation, scope, account):
            account = await self._look_up(scope, pair)
        _name_in_log(account)
        if not _is_open(operation, scope, account):
            raise Forbidden(NO_ACCESS)
        if account.session_key_id is not None and operation is not None and not operation.is_open_to_session_keys:
            raise Forbidden(NO_SESSION_KEYS)
        return account

    async def find_account(self, scope: Scope) -> Account:
        """Return the account of the pair in a request's headers. Raises Unauthorized, and what `Lookups.find` raises."""
        pair = _pair_in(scope)
        account = self.cache.find(_digest(pair)) or await self._look_up(scope, pair)
        _name_in_log(account)
        return account

    async def _look_up(self, scope: Scope, pair: Pair) -> Account:
        # A pair that cannot be one of ours costs no query, and so it is not counted.
        if not api_keys.is_well_formed(*pair):
            raise Unauthorized(EXCHANGED if api_keys.is_exchanged(*pair) else REFUSED)
        digest, client = _digest(pair), scope.get("client")
        source = source_of(client[0] if client else None)
        account = await self.lookups.find(source, pair, was_right=self.cache.knows(digest))
        if account is None:
            self.cache.forget(digest)
            raise Unauthorized(REFUSED)
        self.cache.keep(digest, account)
        return account

    def _find(self, pairs: Sequence[Pair]) -> list[Account | None]:
        with self._engine.connect() as connection:
            without_transaction(connection)
            return api_keys.find_accounts(connection, pairs)

    def _write_uses(self, api_key_ids: list[int]) -> None:
        with self._engine.connect() as connection:
            without_transaction(connection)
            api_keys.note_uses(connection, api_key_ids)


def _is_open(operation: Operation | None, scope: Scope, account: Account) -> bool:
    # Where there is no operation there is nothing to guard.
    if operation is None or ANY_CALLER in operation.roles:
        return True
    return account.has_role(operation.roles, scope["path_params"].get("campaign_id"))


def _may_be_remembered(operation: Operation | None) -> bool:
    """False for what only image-admins may do, and for keys.

    Otherwise somebody who loses the role, or whose key is revoked, could use the next seconds to create another way in.
    """
    return operation is None or (operation.roles != {IMAGE_ADMIN} and operation.is_open_to_session_keys)


def _name_in_log(account: Account) -> None:
    """Let every line that this request causes from here on name the caller, also the line of a refusal."""
    bind_contextvars(user_id=account.user_id, key_id=account.api_key_id)
    if account.session_key_id is not None:
        bind_contextvars(session_key_id=account.session_key_id)


def _pair_in(scope: Scope) -> Pair:
    headers = Headers(scope=scope)
    key, secret = headers.get("Authentication-Key"), headers.get("Authentication-Secret")
    if not key or not secret:
        raise Unauthorized(MISSING_KEYS)
    return key, secret


def _digest(pair: Pair) -> bytes:
    return hashlib.sha256(":".join(pair).encode()).digest()
