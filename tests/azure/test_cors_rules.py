"""The CORS rule of the storage account, by which pages of the console upload: set by `flask storage cors`, or printed."""

import json
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient, CorsRule
from click.testing import Result
from flask import Flask
from pydantic import SecretStr

from app.azure.cors_rules import ALLOWED_HEADERS, METHODS, allow_origin, find_rules, origins_of, replace_rules
from app.cli import create_flask_app
from app.errors import Conflict
from app.settings import Settings
from local.azurite import running_azurite
from tests.browser.test_cors import documented_rule

PAGE, OTHER = "https://labels.example.org", "https://other.example.org"


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The connection string of an account of its own: rules belong to the whole account, which other tests use too."""
    with running_azurite(tmp_path_factory.mktemp("azurite"), durable=False) as connection_string:
        yield connection_string


@pytest.fixture
def client(account: str) -> Iterator[BlobServiceClient]:
    with BlobServiceClient.from_connection_string(account) as client:
        client.set_service_properties(cors=[])
        yield client


@pytest.fixture
def commands(settings: Settings, account: str) -> Flask:
    """`flask` with this account."""
    return create_flask_app(settings.model_copy(update={"azure_storage_connection_string": SecretStr(account)}))


def run(commands: Flask, *arguments: str) -> Result:
    return commands.test_cli_runner().invoke(args=["storage", "cors", *arguments])


def foreign_rule(number: int) -> CorsRule:
    return CorsRule([f"https://{number}.example"], ["GET"], max_age_in_seconds=number)


def test_rule_is_that_of_the_docs(client: BlobServiceClient) -> None:
    replace_rules(client, [PAGE])
    [rule] = find_rules(client)
    documented = documented_rule(PAGE)
    for name in ("allowed_origins", "allowed_methods", "allowed_headers", "exposed_headers", "max_age_in_seconds"):
        assert getattr(rule, name) == getattr(documented, name), name
    assert not any("authentication" in header or header == "*" for header in ALLOWED_HEADERS)


def test_rules_of_others_stay_and_origins_share_one_rule(client: BlobServiceClient) -> None:
    client.set_service_properties(cors=[foreign_rule(1)])
    assert allow_origin(client, PAGE) is True
    assert allow_origin(client, PAGE) is False
    assert allow_origin(client, OTHER) is True
    others, ours = find_rules(client)
    assert (others.allowed_origins, others.max_age_in_seconds) == ("https://1.example", 1)
    assert origins_of(ours) == [PAGE, OTHER]


def test_account_without_room_is_a_conflict(client: BlobServiceClient) -> None:
    client.set_service_properties(cors=[foreign_rule(number) for number in range(1, 6)])
    with pytest.raises(Conflict, match="5 CORS rules"):
        allow_origin(client, PAGE)
    assert len(find_rules(client)) == 5


def test_command_sets_the_rule(commands: Flask, client: BlobServiceClient) -> None:
    for added in (True, False):
        assert json.loads(run(commands, "--origin", PAGE.upper()).stdout) == {"origin": PAGE, "added": added}
    [rule] = find_rules(client)
    assert rule.allowed_methods == ",".join(METHODS)


def test_command_prints_what_the_owner_of_the_account_can_run(commands: Flask, client: BlobServiceClient) -> None:
    printed = run(commands, "--origin", PAGE, "--print").stdout
    assert printed.startswith("az storage cors add --account-name labelapi --services b")
    assert PAGE in printed
    assert "'x-ms-*'" in printed
    assert find_rules(client) == []


def test_command_says_why_it_cannot(commands: Flask, client: BlobServiceClient) -> None:
    client.set_service_properties(cors=[foreign_rule(number) for number in range(1, 6)])
    refused = run(commands, "--origin", PAGE)
    assert refused.exit_code == 1
    assert "Remove one of them first." in refused.stderr
    assert "az storage cors add" in refused.stderr


@pytest.mark.parametrize(
    "origin", ["*", "labels.example.org", "https://labels.example.org/", "https://labels.example.org:443"]
)
def test_what_is_no_origin_is_refused(commands: Flask, origin: str) -> None:
    refused = run(commands, "--origin", origin)
    assert refused.exit_code == 2
    assert "must be" in refused.stderr
