"""Every setting of the application, read from the environment and from a file `.env`; the only module that reads either."""

import ipaddress
import re
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

AZURE_ML_NAMES = (
    "azure_ml_datastore",
    "azure_ml_subscription_id",
    "azure_ml_resource_group",
    "azure_ml_workspace_name",
    "azure_ml_sp_tenant_id",
    "azure_ml_sp_application_id",
    "azure_ml_sp_password",
)
MAX_PATH_PREFIX = 128
# Folders of the main container in which something else is: as in app/media/previews.py and app/models/imports.py.
TAKEN_FOLDERS = {
    "image_previews": "where the previews of images are",
    "label_imports": "where the files of imports are",
}

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"]


class SettingsError(Exception):
    """The environment does not hold what the application needs; the message names every setting that is wrong or missing."""


def _schema_name(value: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", value) or value.startswith("pg_"):
        raise ValueError("must be a plain PostgreSQL schema name: lowercase letters, digits and underscores")
    return value


def _container_name(value: str) -> str:
    # The rule is Azure's: learn.microsoft.com, "Naming and referencing containers, blobs, and metadata".
    if not re.fullmatch(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*", value):
        raise ValueError("must be a valid container name: 3 to 63 lowercase letters, digits and single dashes")
    return value


def _folder_path(value: str) -> str:
    folders = value.strip("/").split("/")
    if any(folder in ("", ".", "..") for folder in folders):
        raise ValueError("must be a folder or a path of folders such as `upload` or `uploads/2026`")
    if folders[0] in TAKEN_FOLDERS:
        raise ValueError(f"must not begin with {folders[0]}, {TAKEN_FOLDERS[folders[0]]}")
    return "/".join(folders)


def _networks(value: str) -> str:
    networks = [part.strip() for part in value.split(",") if part.strip()]
    for network in networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise ValueError(f"must be addresses or networks such as 10.0.0.0/8, not {network[:64]}") from None
    return ",".join(networks)


def read_path_prefix(value: str) -> str:
    """Return a path prefix without its trailing slash; `/` becomes empty. Raises ValueError unless it is a plain path."""
    prefix = value.removesuffix("/")
    # The unreserved characters of RFC 3986, section 2.3, need no escaping in URLs, headers or HTML.
    plain = re.fullmatch(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+)*", prefix)
    if not plain or not value.startswith("/") or len(prefix) > MAX_PATH_PREFIX:
        raise ValueError("must be a path such as /labels that has only letters, digits and -._~ between single slashes")
    return prefix


def _origins(value: str) -> str:
    origins = [part.strip() for part in value.split(",") if part.strip()]
    return ",".join(origin if origin == "*" else read_origin(origin, "must be * or origins") for origin in origins)


def read_origin(value: str, expected: str = "must be an origin") -> str:
    """Return an origin as browsers send it. Raises ValueError, whose message begins with what was `expected`."""
    origin = value.lower()
    # Browsers send origins in exactly this form (Fetch standard, section 3.2), and the comparison is literal.
    if not re.fullmatch(r"https?://([a-z0-9.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?", origin):
        raise ValueError(f"{expected} such as https://console.example.org, not {origin[:64]}")
    if re.fullmatch(r"http://.*:80|https://.*:443", origin):
        raise ValueError(f"must be without the default port, because browsers omit it, not {origin[:64]}")
    return origin


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _postgresql_url(value: str) -> str:
    for prefix in ("postgresql+psycopg2://", "postgresql://", "postgres://"):
        if value.startswith(prefix):
            return "postgresql+psycopg2://" + value.removeprefix(prefix)
    raise ValueError("must be a SQLAlchemy URL of PostgreSQL, such as postgresql://user:password@host/database")


class Settings(BaseSettings):
    """Names are those of the environment in lower case. Times are seconds or days, sizes are bytes, as their names say."""

    # An empty value counts as none at all, so that a deployment can hand over names whose values nobody has set.
    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    db_connection_string: Annotated[SecretStr, Field(description="SQLAlchemy URL of PostgreSQL")]
    db_schema: Annotated[str, AfterValidator(_schema_name), Field(description="schema of every table; must exist")]
    azure_storage_connection_string: SecretStr | None = Field(None, description="storage account with its key")
    azure_storage_account_url: str | None = Field(None, description="blob endpoint; alone it means managed identity")
    azure_storage_imageset_container: Annotated[
        str, AfterValidator(_container_name), Field(description="container where finished image sets live")
    ]
    azure_storage_imageset_folder: Annotated[
        str, AfterValidator(_folder_path), Field(description="folder, or path of folders, of image sets in it")
    ]
    azure_fast_requests: bool = Field(
        True, description="send the requests of ingest without the SDK's pipeline; false: the SDK sends all"
    )
    image_read_token_valid_days: int = Field(7, ge=1, le=3650, description="how long an image's SAS URL works")
    imageset_upload_token_valid_days: int = Field(7, ge=1, le=3650, description="how long a dropbox SAS URL works")

    azure_ml_api: Literal["v1", "v2"] = Field("v1", description="v1: SDK v1 (azureml-core); v2: data assets over REST")
    azure_ml_datastore: str | None = Field(None, description="datastore of the workspace that holds the container")
    azure_ml_subscription_id: str | None = Field(None, description="subscription of the workspace")
    azure_ml_resource_group: str | None = Field(None, description="resource group of the workspace")
    azure_ml_workspace_name: str | None = Field(None, description="name of the workspace")
    azure_ml_sp_tenant_id: str | None = Field(None, description="tenant of the service principal")
    azure_ml_sp_application_id: str | None = Field(None, description="application id of the service principal")
    azure_ml_sp_password: SecretStr | None = Field(None, description="password of the service principal")

    max_body_bytes: int = Field(1024**2, ge=1024, description="largest request body, bytes")
    max_bulk_body_bytes: int = Field(64 * 1024**2, ge=1024, description="largest body of a bulk route, bytes")
    max_objects_per_request: int = Field(250_000, ge=1, description="most objects in one submission")
    max_import_bytes: int = Field(1024**3, ge=1024, description="largest label file that an import reads, bytes")

    max_body_memory_bytes: int = Field(
        256 * 1024**2, ge=2048, description="most bytes of request bodies that a web process holds at a time"
    )
    read_timeout_seconds: float = Field(
        20, gt=0, le=3600, description="time for the head of a request, over which also the rate of a body is measured"
    )

    trusted_proxies: Annotated[str, AfterValidator(_networks)] | None = Field(
        None, description="addresses and networks whose X-Forwarded-… headers are trusted, separated by commas"
    )
    root_path: Annotated[str, AfterValidator(read_path_prefix)] | None = Field(
        None, description="path prefix under which a proxy publishes the service"
    )
    cors_origins: Annotated[str, AfterValidator(_origins)] | None = Field(
        None, description="origins whose web pages may call the API, separated by commas, or *"
    )
    wrong_keys_per_minute: int = Field(
        10, ge=1, description="wrong key pairs of one source before its look-ups are put into batches"
    )

    allow_unsafe_postgres: bool = Field(
        False, description="take a PostgreSQL with fsync, full_page_writes or synchronous_commit off"
    )
    bind_host: str = Field("127.0.0.1", description="address that the web server listens on")
    port: int = Field(8080, ge=1, le=65535, description="port that the web server listens on")
    web_workers: int = Field(2, ge=1, description="web processes")
    web_threads: int = Field(4, ge=1, description="threads per web process that run handlers")
    web_bulk_threads: int = Field(2, ge=1, description="threads per web process that check and handle large bodies")
    worker_concurrency: int = Field(4, ge=2, description="jobs that one worker runs at a time")
    job_heartbeat_seconds: float = Field(10, gt=0, description="how often a worker says that it lives")
    job_stalled_seconds: float = Field(30, gt=0, description="silence after which a worker counts as dead")
    job_recovery_seconds: int = Field(15, ge=1, le=3600, description="how often jobs of dead workers are looked for")
    copy_threads: int = Field(16, ge=1, description="blobs that one job copies at a time")
    decode_processes: int = Field(2, ge=1, description="images that one worker, or one web process, decodes at a time")
    inspection_megabytes_per_second: float = Field(
        100, gt=0, description="most that one inspection of an image set reads, megabytes per second"
    )
    metrics_token: SecretStr | None = Field(None, description="bearer token that /metrics asks for")
    worker_metrics_port: int | None = Field(None, ge=1, le=65535, description="port of a worker's own metrics")
    prometheus_multiproc_dir: str | None = Field(None, description="folder in which web processes share metrics")
    sentry_dsn: SecretStr | None = Field(None, description="where unforeseen errors are reported")
    git_branch: str | None = Field(None, description="branch that this was built from")
    git_commit: str | None = Field(None, description="commit that this was built from")
    log_level: Annotated[LogLevel, BeforeValidator(str.upper)] = Field(
        "INFO", description="least severity that is logged"
    )

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.azure_storage_connection_string and not self.azure_storage_account_url:
            raise ValueError("AZURE_STORAGE_CONNECTION_STRING (or AZURE_STORAGE_ACCOUNT_URL) is missing")
        if self.max_body_memory_bytes < 2 * self.max_bulk_body_bytes:
            raise ValueError(
                "MAX_BODY_MEMORY_BYTES must be at least twice MAX_BULK_BODY_BYTES, because a user gets half of it"
            )
        missing = [name.upper() for name in AZURE_ML_NAMES if not getattr(self, name)]
        if missing and len(missing) < len(AZURE_ML_NAMES):
            raise ValueError(f"set all settings for Azure ML, or none of them; missing: {', '.join(missing)}")
        return self

    @cached_property
    def database_url(self) -> str:
        """The SQLAlchemy URL for psycopg2; holds a password."""
        return _postgresql_url(self.db_connection_string.get_secret_value())

    @cached_property
    def queue_url(self) -> str:
        """The same database as a libpq URL, for psycopg 3; holds a password."""
        return self.database_url.replace("postgresql+psycopg2://", "postgresql://", 1)

    @property
    def required(self) -> dict[str, bool]:
        """The name of each required setting, and whether it has a value."""
        names = [name for name, field in type(self).model_fields.items() if field.is_required()]
        given = {name.upper(): bool(getattr(self, name)) for name in names}
        by_identity = not self.azure_storage_connection_string
        storage = self.azure_storage_account_url if by_identity else self.azure_storage_connection_string
        return given | {f"AZURE_STORAGE_{'ACCOUNT_URL' if by_identity else 'CONNECTION_STRING'}": bool(storage)}

    @property
    def warnings(self) -> list[str]:
        """Sentences about settings that work, and are probably not what an operator wants."""
        if _is_loopback(self.bind_host):
            return []
        warnings = []
        if not self.trusted_proxies:
            warnings.append(
                f"The service listens on {self.bind_host} and TRUSTED_PROXIES is not set: behind a proxy all callers count "
                "as one address. Set it to the proxy's address, if there is one."
            )
        if not self.metrics_token:
            warnings.append(
                f"The service listens on {self.bind_host} and METRICS_TOKEN is not set: whoever reaches this address can "
                "read /metrics. Set a token, or keep the path from others."
            )
        return warnings

    @property
    def uses_azure_ml(self) -> bool:
        """True when the Azure ML workspace is configured."""
        return bool(self.azure_ml_workspace_name)


def load_settings() -> Settings:
    """Return the settings. Raises SettingsError with one line that names every setting that is missing or wrong."""
    try:
        settings = Settings()  # type: ignore[call-arg]  # The fields come from the environment.
        _ = settings.database_url
    except ValidationError as error:
        raise SettingsError(_describe(error)) from None
    except ValueError as error:
        raise SettingsError(f"DB_CONNECTION_STRING {error}") from None
    return settings


def _describe(error: ValidationError) -> str:
    missing = [str(e["loc"][0]).upper() for e in error.errors() if e["type"] == "missing"]
    wrong = [e for e in error.errors() if e["type"] != "missing"]
    sentences = [f"Required settings are missing: {', '.join(missing)}."] if missing else []
    for item in wrong:
        name = str(item["loc"][0]).upper() + ": " if item["loc"] else ""
        sentences.append(f"{name}{item['msg'].removeprefix('Value error, ')}.")
    return " ".join(sentences) + " They are read from the environment or a file .env; docs/settings.md lists them all."
