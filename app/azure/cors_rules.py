"""The rules of the storage account for web pages of other origins (CORS): who may read and upload files with signed links.

Rules belong to the blob service of the whole account, which takes five: learn.microsoft.com,
"Cross-Origin Resource Sharing (CORS) support for Azure Storage".
"""

import shlex
from collections.abc import Sequence

from azure.storage.blob import BlobServiceClient, CorsRule

from app.azure.outage import storage_errors
from app.errors import Conflict

METHODS = ["GET", "HEAD", "PUT", "OPTIONS"]
# Not the headers of our keys: a browser would send them on to the storage.
ALLOWED_HEADERS = ["content-type", "content-md5", "if-none-match", "x-ms-*"]
EXPOSED_HEADERS = ["etag", "content-md5", "x-ms-request-id", "x-ms-error-code"]
MAX_AGE_SECONDS = 86400
MAX_RULES = 5


def make_rule(origins: Sequence[str]) -> CorsRule:
    """Return the rule that lets pages of these origins read and upload files."""
    return CorsRule(
        list(origins),
        METHODS,
        allowed_headers=ALLOWED_HEADERS,
        exposed_headers=EXPOSED_HEADERS,
        max_age_in_seconds=MAX_AGE_SECONDS,
    )


def find_rules(client: BlobServiceClient) -> list[CorsRule]:
    """Return the rules of the account. Raises StorageUnavailable, also where the credentials give no right to read them."""
    with storage_errors(""):
        return list(client.get_service_properties()["cors"])


def replace_rules(client: BlobServiceClient, origins: Sequence[str]) -> None:
    """Let pages of these origins read and upload files, and no others. Raises StorageUnavailable."""
    with storage_errors(""):
        client.set_service_properties(cors=[make_rule(origins)])


def allow_origin(client: BlobServiceClient, origin: str) -> bool:
    """Let pages of one more origin read and upload files; return False where they may already.

    The other rules stay. Raises Conflict where the account has no room for one more, and StorageUnavailable, also where the
    credentials give no right to change rules.
    """
    rules = find_rules(client)
    if any(_is_ours(rule) and origin in origins_of(rule) for rule in rules):
        return False
    ours = next((rule for rule in rules if _is_ours(rule)), None)
    if ours is not None:
        others = [rule for rule in rules if rule is not ours]
        rules = [*others, make_rule([*origins_of(ours), origin])]
    elif len(rules) >= MAX_RULES:
        raise Conflict(f"The storage account has {len(rules)} CORS rules, and takes no more. Remove one of them first.")
    else:
        rules = [*rules, make_rule([origin])]
    with storage_errors(""):
        client.set_service_properties(cors=rules)
    return True


def origins_of(rule: CorsRule) -> list[str]:
    """Return the origins that a rule names."""
    return str(rule.allowed_origins).split(",")


def _is_ours(rule: CorsRule) -> bool:
    expected = make_rule([])
    return all(
        str(getattr(rule, name)) == str(getattr(expected, name))
        for name in ("allowed_methods", "allowed_headers", "exposed_headers", "max_age_in_seconds")
    )


def command_for(account: str, origin: str) -> str:
    """Return the command of the Azure CLI that adds the rule, for somebody who may change the account."""
    words = [
        f"az storage cors add --account-name {account} --services b --origins {origin}",
        f"--methods {' '.join(METHODS)}",
        f"--allowed-headers {' '.join(shlex.quote(header) for header in ALLOWED_HEADERS)}",
        f"--exposed-headers {' '.join(EXPOSED_HEADERS)} --max-age {MAX_AGE_SECONDS}",
    ]
    return " \\\n    ".join(words)
