"""Who calls, and whether the operation is open to them: both headers to an account, the account to the spec's `x-roles`."""

import hashlib
import threading
import time
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync
from connexion.lifecycle import ConnexionRequest
from sqlalchemy import Engine
from structlog.contextvars import bind_contextvars

from app.database.postgres import without_transaction
from app.errors import Forbidden, TooManyRequests, Unauthorized
from app.models.users import IMAGE_ADMIN, LABELER
from app.services import api_keys
from app.services.api_keys import Account
from app.services.images import NO_ACCESS
from app.web.key_usage import KeyUses
from app.web.throttling import GuessLimit, source_of

CACHE_SECONDS = 3.0
CACHE_SIZE = 10_000
ANY_CALLER = "any"
# Where in the extensions of the ASGI scope the caller stands.
ACCOUNT = "labelapi.account"

MISSING = "Send both headers, Authentication-Key and Authentication-Secret."
GUESSING = "Too many wrong key pairs came from your address. Wait before you send another one."
REFUSED = "This key pair does not work: it is unknown, wrong, revoked or expired, or its user is disabled."


class AccountCache:
    """Accounts of pairs that were right a moment ago, so that not every request asks the database.

    A revoked key works no longer than CACHE_SECONDS after its revocation in any process; secrets are held as hashes only.
    """

    def __init__(self) -> None:
        self._entries: dict[bytes, tuple[float, Account]] = {}
        # Requests come from the event loop, the status page from a thread.
        self._lock = threading.Lock()

    def find(self, pair: bytes) -> Account | None:
        """Return the account of a pair that was checked less than CACHE_SECONDS ago, or None."""
        found = self._entries.get(pair)
        return found[1] if found and found[0] > time.monotonic() else None

    def knows(self, pair: bytes) -> bool:
        """True for a pair that was right before in this process, however long ago, and not wrong since."""
        return pair in self._entries

    def forget(self, pair: bytes) -> None:
        """Forget a pair that is wrong now."""
        with self._lock:
            self._entries.pop(pair, None)

    def keep(self, pair: bytes, account: Account) -> None:
        """Remember an account; the oldest entry goes when there are too many."""
        with self._lock:
            self._entries.pop(pair, None)
            if len(self._entries) >= CACHE_SIZE:
                del self._entries[next(iter(self._entries))]
            self._entries[pair] = (time.monotonic() + CACHE_SECONDS, account)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()


class KeyPairCheck:
    """Connexion's handler for both security schemes: one look at the pair, whatever scheme is named first."""

    def __init__(self, engine: Engine, roles: Mapping[str, list[str]], guesses: GuessLimit) -> None:
        self._engine = engine
        self._roles = roles
        self.guesses = guesses
        self.cache = AccountCache()
        self.uses = KeyUses(self._write_uses)

    def clear(self) -> None:
        """Forget every pair, every use and every guess that is remembered."""
        self.cache.clear()
        self.guesses.clear()
        self.uses.clear()

    def get_fn(self, _scheme: dict[str, Any], _scopes: list[str]) -> Any:
        """Return the function that Connexion calls with each request, for either scheme."""
        return self.verify

    async def verify(self, request: ConnexionRequest) -> dict[str, Any]:
        """Leave the caller's Account in the ASGI scope. Raises Unauthorized, TooManyRequests, Forbidden."""
        extensions = request.scope["extensions"]
        if ACCOUNT not in extensions:
            account = extensions[ACCOUNT] = await self._admit(request)
            self.uses.note(account.api_key_id)
        return {}

    async def _admit(self, request: ConnexionRequest) -> Account:
        headers = request.headers
        key, secret = headers.get("Authentication-Key"), headers.get("Authentication-Secret")
        # Who sends no pair guesses none: probes and browsers that only look are not counted.
        if not key or not secret:
            raise Unauthorized(MISSING)
        pair = _digest(key, secret)
        account = self.cache.find(pair)
        # A role may have been granted a moment ago, so that nobody is refused on remembered facts.
        if not account or not self._is_open(request, account):
            client = request.scope.get("client")
            account = await self._look_up(source_of(client[0] if client else None), pair, key, secret)
        # Every line that is logged from here on names the caller, also the line of a refusal.
        bind_contextvars(user_id=account.user_id, key_id=account.api_key_id)
        if not self._is_open(request, account):
            raise Forbidden(NO_ACCESS)
        return account

    async def _look_up(self, source: str, pair: bytes, key: str, secret: str) -> Account:
        self._refuse_guesser(source, pair)
        account = await run_sync(self.find, key, secret) if api_keys.is_well_formed(key, secret) else None
        return self._learn(source, pair, account)

    def look_up(self, address: str | None, key: str, secret: str) -> Account:
        """Return the account of a pair that came from this address; blocks. Raises Unauthorized, TooManyRequests."""
        source, pair = source_of(address), _digest(key, secret)
        self._refuse_guesser(source, pair)
        account = self.find(key, secret) if api_keys.is_well_formed(key, secret) else None
        return self._learn(source, pair, account)

    def _refuse_guesser(self, source: str, pair: bytes) -> None:
        seconds = 0.0 if self.cache.knows(pair) else self.guesses.seconds_to_wait(source)
        if seconds:
            raise TooManyRequests(GUESSING, seconds)

    def _learn(self, source: str, pair: bytes, account: Account | None) -> Account:
        if account is None:
            self.cache.forget(pair)
            self.guesses.note_failure(source)
            raise Unauthorized(REFUSED)
        self.cache.keep(pair, account)
        return account

    def find(self, key: str, secret: str) -> Account | None:
        """Return the account of a pair as the database has it now, or None."""
        with self._engine.connect() as connection:
            without_transaction(connection)
            return api_keys.find_account(connection, key, secret)

    def _write_uses(self, api_key_ids: list[int]) -> None:
        with self._engine.connect() as connection:
            without_transaction(connection)
            api_keys.note_uses(connection, api_key_ids)

    def _is_open(self, request: ConnexionRequest, account: Account) -> bool:
        routing = request.scope["extensions"]["connexion_routing"]
        operation_id = routing["operation_id"]
        # Where there is no operation there is nothing to guard; one without a line of roles would be open to nobody.
        roles = [ANY_CALLER] if operation_id is None else self._roles[operation_id]
        if ANY_CALLER in roles or (account.is_admin and IMAGE_ADMIN in roles):
            return True
        if LABELER not in roles or not account.campaign_ids:
            return False
        campaign_id = request.scope["path_params"].get("campaign_id")
        return campaign_id is None or campaign_id in account.campaign_ids


def _digest(key: str, secret: str) -> bytes:
    return hashlib.sha256(f"{key}:{secret}".encode()).digest()
