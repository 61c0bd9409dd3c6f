"""Azure, as far as Azure ML's clients talk to it: a loopback proxy that answers for Azure's hosts with TLS of its own.

Login, the resource manager (workspaces, datastores, data assets), the discovery, datastore and dataset services of SDK v1,
and the account behind the datastore, whose requests go on to Azurite. The clients are the real ones; they find this through
HTTPS_PROXY and REQUESTS_CA_BUNDLE, and the readers in Rust, for which it does without TLS, through http_proxy.
"""

import datetime as dt
import http.client
import json
import re
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import jwt
from azure.storage.blob import AccountSasPermissions, BlobServiceClient, ResourceTypes, generate_account_sas
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TENANT, APPLICATION, SECRET = str(uuid.UUID(int=1)), str(uuid.UUID(int=2)), "canary-service-principal-secret"
SUBSCRIPTION, GROUP, WORKSPACE, DATASTORE = str(uuid.UUID(int=3)), "labels", "workshop", "images"
SERVICES = "eastus.api.azureml.ms"
STORAGE = "account.blob.core.windows.net"
HOSTS = ("login.microsoftonline.com", "management.azure.com", SERVICES, "dc.services.visualstudio.com")
PLACE = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/{WORKSPACE}"
DAY = dt.timedelta(days=1)


@dataclass
class Fault:
    """What happens to the next `count` requests whose method and address fit `pattern`, once their effect is there or not."""

    pattern: str
    count: int = 1
    status: int | None = None
    retry_after: int | None = None
    delay_seconds: float = 0
    cut: bool = False
    after_effect: bool = False


@dataclass
class FakeAzure:
    """What this Azure holds. `requests` has the method and address of every request, in order.

    `storage` is the connection string of the account that stands behind the datastore.
    """

    container: str
    storage: str = ""
    datasets: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    data_assets: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    secrets: list[str] = field(default_factory=lambda: [SECRET])
    workspaces: list[str] = field(default_factory=lambda: [WORKSPACE])
    datastores: list[str] = field(default_factory=lambda: [DATASTORE])
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def take_fault(self, line: str) -> Fault | None:
        """Return the fault that this request meets, and count it."""
        with self.lock:
            for fault in self.faults:
                if fault.count and re.search(fault.pattern, line):
                    fault.count -= 1
                    return fault
        return None

    def answer(self, method: str, host: str, address: str, body: bytes) -> tuple[int, Any]:
        """Return status and JSON of one request."""
        path, query = unquote(urlsplit(address).path), parse_qs(urlsplit(address).query)
        with self.lock:
            for pattern, methods, handler in ROUTES:
                if methods == method and (match := re.fullmatch(pattern, f"{host}{path}")):
                    return handler(self, match, query, body)
        return 404, {"error": {"code": "ResourceNotFound", "message": f"No route for {method} {host}{path}"}}

    # Login

    def configuration(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        base = f"https://login.microsoftonline.com/{match[1]}"
        return 200, {
            "token_endpoint": f"{base}/oauth2/v2.0/token",
            "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
            "device_authorization_endpoint": f"{base}/oauth2/v2.0/devicecode",
            "issuer": f"{base}/v2.0",
        }

    def token(self, match: re.Match[str], _query: Any, body: bytes) -> tuple[int, Any]:
        sent = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if match[1] != TENANT or sent.get("client_id") != APPLICATION or sent.get("client_secret") not in self.secrets:
            return 401, {
                "error": "invalid_client",
                "error_description": "AADSTS7000215: Invalid client secret provided.",
            }
        claims = {
            "exp": int(time.time()) + 3599,
            "oid": APPLICATION,
            "tid": TENANT,
            "aud": "https://management.azure.com",
        }
        return 200, {"token_type": "Bearer", "expires_in": 3599, "access_token": jwt.encode(claims, "x" * 32, "HS256")}

    # The resource manager

    def subscriptions(self, _match: Any, _query: Any, _body: bytes) -> tuple[int, Any]:
        item = {"id": f"/subscriptions/{SUBSCRIPTION}", "subscriptionId": SUBSCRIPTION, "displayName": "Labels"}
        return 200, {"value": [{**item, "tenantId": TENANT, "state": "Enabled"}]}

    def workspace(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        if match[1] != SUBSCRIPTION or match[2] != GROUP or match[3] not in self.workspaces:
            return 404, {"error": {"code": "ResourceNotFound", "message": "The workspace was not found."}}
        properties = {
            "workspaceId": str(uuid.UUID(int=4)),
            "discoveryUrl": f"https://{SERVICES}/discovery",
            "provisioningState": "Succeeded",
            "storageAccount": "/storage",
            "keyVault": "/vault",
        }
        kind = "Microsoft.MachineLearningServices/workspaces"
        head = {"id": PLACE, "name": match[3], "type": kind, "location": "eastus", "sku": {"name": "Basic"}}
        return 200, {**head, "identity": {"type": "SystemAssigned"}, "properties": properties}

    def arm_datastore(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        if match[4] not in self.datastores:
            return 404, {"error": {"code": "UserError", "message": "No datastore."}}
        properties = {"datastoreType": "AzureBlob", "accountName": "account", "containerName": self.container}
        return 200, {"name": match[4], "properties": properties}

    def asset_versions(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        found = self.data_assets.get(match[4])
        if found is None:
            return 404, {"error": {"code": "UserError", "message": "No such container."}}
        return 200, {"value": [{"name": version, "properties": properties} for version, properties in found.items()]}

    def put_asset(self, match: re.Match[str], _query: Any, body: bytes) -> tuple[int, Any]:
        properties = json.loads(body)["properties"]
        kept = self.data_assets.setdefault(match[4], {}).setdefault(match[5], properties)
        if kept["dataUri"] != properties["dataUri"]:
            return 409, {"error": {"code": "UserError", "message": "A version cannot be changed."}}
        return 201, {"name": match[5], "properties": kept}

    # The services of SDK v1

    def discovery(self, _match: Any, _query: Any, _body: bytes) -> tuple[int, Any]:
        names = ("history", "api", "experimentation", "modelmanagement", "pipelines", "registry")
        return 200, dict.fromkeys(names, f"https://{SERVICES}")

    def datastore(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        if match[1] not in self.datastores:
            return 404, {"error": {"code": "UserError", "message": f"Could not find datastore: {match[1]}"}}
        section = {
            "accountName": "account", "containerName": self.container, "endpoint": "core.windows.net", "protocol": "http",
            "credentialType": "AccountKey", "credential": "a2V5", "accountKey": "a2V5", "isSas": False,
        }  # fmt: skip
        return 200, {"name": match[1], "dataStoreType": "AzureBlob", "azureStorageSection": section}

    def register_dataset(self, _match: Any, query: dict[str, list[str]], body: bytes) -> tuple[int, Any]:
        sent = json.loads(body)
        versions = self.datasets.setdefault(sent["name"], [])
        if versions and query.get("ifExistsOk") == ["false"]:
            return 409, {"error": {"code": "UserError", "message": f"There is already a dataset {sent['name']}."}}
        now = dt.datetime.now(dt.UTC).isoformat()
        ids = {"datasetId": str(uuid.uuid5(uuid.NAMESPACE_URL, sent["name"])), "savedDatasetId": str(uuid.uuid4())}
        latest = {**sent["latest"], **ids, "versionId": str(len(versions) + 1), "createdTime": now, "modifiedTime": now}
        made = {**sent, "datasetId": ids["datasetId"], "latest": latest, "createdTime": now, "modifiedTime": now}
        versions.append(made)
        return 200, made

    def dataset_by_name(self, match: re.Match[str], query: dict[str, list[str]], _body: bytes) -> tuple[int, Any]:
        versions = self.datasets.get(match[1])
        if not versions:
            return 404, {
                "error": {"code": "UserError", "message": f"Cannot find dataset registered with name {match[1]}"}
            }
        wanted = query.get("versionId", [""])[0]
        found = [made for made in versions if made["latest"]["versionId"] == wanted] or versions[-1:]
        return 200, found[0]

    def data_version(self, match: re.Match[str], _query: Any, _body: bytes) -> tuple[int, Any]:
        for versions in self.datasets.values():
            for made in versions:
                if made["latest"]["savedDatasetId"] == match[1]:
                    latest = made["latest"]
                    return 200, {"legacyDataflow": latest["dataflow"], "legacyDataflowType": latest.get("dataflowType")}
        return 404, {"error": {"code": "UserError", "message": "No data version."}}

    # The storage account

    @cached_property
    def account(self) -> tuple[SplitResult, str]:
        """Where the real account is, and a permission to read and list."""
        with BlobServiceClient.from_connection_string(self.storage) as account:
            types, rights = ResourceTypes(container=True, object=True), AccountSasPermissions(read=True, list=True)
            key, until = account.credential.account_key, dt.datetime.now(dt.UTC) + DAY
            return urlsplit(account.url), generate_account_sas(str(account.account_name), key, types, rights, until)

    def forward(self, method: str, address: str, headers: Any) -> tuple[int, Any, bytes]:
        """Return status, headers and body of what the real account answers to a request that reads or lists."""
        place, permission = self.account
        address = f"{place.path.rstrip('/')}{address}{'&' if '?' in address else '?'}{permission}"
        kept = {key: value for key, value in headers.items() if key.lower() in ("range", "x-ms-range", "x-ms-version")}
        connection = http.client.HTTPConnection(place.netloc)
        try:
            connection.request(method, address, headers=kept)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def nothing(self, _match: Any, _query: Any, _body: bytes) -> tuple[int, Any]:
        return 200, {}


Route = tuple[str, str, Callable[[FakeAzure, re.Match[str], dict[str, list[str]], bytes], tuple[int, Any]]]
_LOGIN = r"login\.microsoftonline\.com/([^/]+)"
_ARM = r"management\.azure\.com/subscriptions/([^/]+)/resource[gG]roups/([^/]+)/providers/[^/]+/workspaces/([^/]+)"
_ML = rf"{re.escape(SERVICES)}/{{}}/v1\.0{PLACE}"
ROUTES: list[Route] = [
    (rf"{_LOGIN}/v2\.0/\.well-known/openid-configuration", "GET", FakeAzure.configuration),
    (rf"{_LOGIN}/oauth2/v2\.0/token", "POST", FakeAzure.token),
    (r"management\.azure\.com/subscriptions", "GET", FakeAzure.subscriptions),
    (_ARM, "GET", FakeAzure.workspace),
    (rf"{_ARM}/datastores/([^/]+)", "GET", FakeAzure.arm_datastore),
    (rf"{_ARM}/data/([^/]+)/versions", "GET", FakeAzure.asset_versions),
    (rf"{_ARM}/data/([^/]+)/versions/([^/]+)", "PUT", FakeAzure.put_asset),
    (rf"{re.escape(SERVICES)}/discovery.*", "GET", FakeAzure.discovery),
    (_ML.format("datastore") + "/datastores/([^/]+)", "GET", FakeAzure.datastore),
    (_ML.format("dataset") + "/datasets", "POST", FakeAzure.register_dataset),
    (_ML.format("dataset") + "/datasets/query/name=([^/]+)", "GET", FakeAzure.dataset_by_name),
    (_ML.format("data") + "/dataversion/unregistered-([^/]+)/versions/1", "GET", FakeAzure.data_version),
    (r"dc\.services\.visualstudio\.com/.*", "POST", FakeAzure.nothing),
]


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, azure: FakeAzure, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.azure = azure
        self.context = context

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that hang up in the middle are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Proxy
    host = ""

    def finish(self) -> None:
        super().finish()
        # What stands in the place of the first connection is this class's to close.
        self.connection.close()

    def do_CONNECT(self) -> None:
        self.host = self.path.partition(":")[0]
        self.send_response(200, "Connection established")
        self.end_headers()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PUT(self) -> None:
        self._answer()

    def _answer(self) -> None:
        if self.path.startswith("http://"):
            self.host, slash, path = self.path.removeprefix("http://").partition("/")
            self.path = slash + path
        azure, line = self.server.azure, f"{self.command} {self.host}{self.path}"
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        azure.requests.append(line)
        if self.host == STORAGE:
            self._forward()
            return
        fault = azure.take_fault(line)
        if fault:
            time.sleep(fault.delay_seconds)
        if fault is None or fault.after_effect or not (fault.cut or fault.status):
            status, answer = azure.answer(self.command, self.host, self.path, body)
        if fault and fault.cut:
            self.close_connection = True
            self.connection.close()
            return
        if fault and fault.status:
            status, answer = fault.status, {"error": {"code": "ServerBusy", "message": "Busy."}}
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        if fault and fault.retry_after is not None:
            self.send_header("Retry-After", str(fault.retry_after))
        self.end_headers()
        self.wfile.write(content)

    def _forward(self) -> None:
        status, headers, content = self.server.azure.forward(self.command, self.path, self.headers)
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("connection", "transfer-encoding", "content-length"):
                self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length") or str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep silent."""


@contextmanager
def running_azure(azure: FakeAzure, folder: Path) -> Iterator[dict[str, str]]:
    """Run the proxy, and yield the environment in which clients find it."""
    bundle, chain = make_certificates(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain)
    server = _Proxy(azure, context)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield {"HTTPS_PROXY": address, "REQUESTS_CA_BUNDLE": str(bundle), "NO_PROXY": "127.0.0.1,localhost"}
    finally:
        with suppress(OSError):
            server.shutdown()
        server.server_close()


def make_certificates(folder: Path) -> tuple[Path, Path]:
    """Write the certificate of an authority, and one for all hosts and the loopback address with its key; return both files."""
    names = [*(x509.DNSName(host) for host in HOSTS), x509.IPAddress(ip_address("127.0.0.1"))]
    now, authority_key, key = dt.datetime.now(dt.UTC), ec.generate_private_key(ec.SECP256R1()), None
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "LabelAPI tests")])
    authority = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(authority_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    key = ec.generate_private_key(ec.SECP256R1())
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOSTS[0])]))
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - DAY)
        .not_valid_after(now + DAY)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(authority_key.public_key()), critical=False)
        .sign(authority_key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    bundle, chain = folder / "authority.pem", folder / "chain.pem"
    bundle.write_bytes(authority.public_bytes(pem))
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(leaf.public_bytes(pem) + private)
    return bundle, chain
