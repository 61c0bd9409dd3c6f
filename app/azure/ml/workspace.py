"""An Azure ML workspace through Azure's resource manager (ARM).

Paths and bodies are those of the REST reference, learn.microsoft.com/rest/api/azureml, "Workspaces" and "Datastores".
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import requests

from app.azure.ml.registry import AzureMlUnavailable, RegistrationFailed
from app.settings import Settings

if TYPE_CHECKING:
    from azure.identity import ClientSecretCredential

ARM = "https://management.azure.com"
SCOPE = "https://management.azure.com/.default"
API_VERSION = "2024-04-01"
CONNECT_SECONDS = 3
BUSY = (408, 429)
MAX_WAIT_SECONDS = 600
CREDENTIALS = "AZURE_ML_SP_TENANT_ID, AZURE_ML_SP_APPLICATION_ID and AZURE_ML_SP_PASSWORD"
PLACE = "AZURE_ML_SUBSCRIPTION_ID, AZURE_ML_RESOURCE_GROUP and AZURE_ML_WORKSPACE_NAME"
REFUSED = f"Azure refuses the service principal: look at {CREDENTIALS}."
FORBIDDEN = f"The service principal may not use the workspace: give it a role there, or look at {PLACE}."
NO_WORKSPACE = f"There is no such workspace: look at {PLACE}."
NO_DATASTORE = "The workspace has no datastore of that name: look at AZURE_ML_DATASTORE."
AWAY = "Azure ML does not answer as it should; the registration is tried again."


@dataclass(frozen=True)
class Workspace:
    """The workspace of the settings, its datastore, and the service principal that may use it."""

    subscription: str
    resource_group: str
    name: str
    datastore: str
    container: str
    tenant: str
    application: str
    password: str = field(repr=False)
    read_seconds: float = 30

    @classmethod
    def of(cls, settings: Settings, read_seconds: float = 30) -> Self:
        """Return the workspace of settings that have one; it waits for an answer for `read_seconds`."""
        password = settings.azure_ml_sp_password
        return cls(
            subscription=settings.azure_ml_subscription_id or "",
            resource_group=settings.azure_ml_resource_group or "",
            name=settings.azure_ml_workspace_name or "",
            datastore=settings.azure_ml_datastore or "",
            container=settings.azure_storage_imageset_container,
            tenant=settings.azure_ml_sp_tenant_id or "",
            application=settings.azure_ml_sp_application_id or "",
            password=password.get_secret_value() if password else "",
            read_seconds=read_seconds,
        )

    @property
    def url_prefix(self) -> str:
        """What stands before a path in the datastore (learn.microsoft.com, "Data concepts in Azure Machine Learning")."""
        place = f"subscriptions/{self.subscription}/resourcegroups/{self.resource_group}/workspaces/{self.name}"
        return f"azureml://{place}/datastores/{self.datastore}/paths/"

    @property
    def address(self) -> str:
        """The workspace's address in the resource manager."""
        place = f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
        return f"{ARM}{place}/providers/Microsoft.MachineLearningServices/workspaces/{self.name}"

    def check(self) -> None:
        """Raise RegistrationFailed, AzureMlUnavailable unless the workspace can be read."""
        self.call("GET", "", missing=NO_WORKSPACE)

    def check_datastore(self) -> None:
        """Raise RegistrationFailed, AzureMlUnavailable unless the datastore is there and stands for our container."""
        found = self.call("GET", f"/datastores/{self.datastore}", missing=NO_DATASTORE)
        container = (found or {}).get("properties", {}).get("containerName")
        if container not in (None, self.container):
            raise RegistrationFailed(
                f"The datastore of AZURE_ML_DATASTORE stands for the container {container}, not for {self.container} "
                "of AZURE_STORAGE_IMAGESET_CONTAINER."
            )

    def call(self, method: str, path: str, body: Any = None, *, missing: str | None = None) -> Any:
        """Return the JSON of an answer; None for a 404, unless `missing` says what that means."""
        headers = {"Authorization": f"Bearer {self._token()}"}
        answer = _patiently(
            lambda: requests.request(
                method,
                f"{self.address}{path}",
                params={"api-version": API_VERSION},
                json=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, self.read_seconds),
            )
        )
        if answer.status_code == 404 and missing is None:
            return None
        if not answer.ok:
            raise _refusal(answer, missing)
        return answer.json()

    @cached_property
    def _credential(self) -> "ClientSecretCredential":
        from azure.identity import ClientSecretCredential

        # It keeps its token until that expires.
        return ClientSecretCredential(self.tenant, self.application, self.password)

    def _token(self) -> str:
        from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseError

        try:
            return self._credential.get_token(SCOPE).token
        except (ServiceRequestError, ServiceResponseError) as error:
            raise AzureMlUnavailable(AWAY) from error
        except (ClientAuthenticationError, ValueError) as error:
            # A tenant id that cannot be one is a ValueError. What breaks on the way to the answer comes wrapped.
            if isinstance(error.__cause__ or error.__context__, ServiceRequestError | ServiceResponseError):
                raise AzureMlUnavailable(AWAY) from error
            raise RegistrationFailed(REFUSED) from error


def _patiently(send: Callable[[], requests.Response]) -> requests.Response:
    try:
        answer = send()
    except (requests.ConnectionError, requests.Timeout) as error:
        raise AzureMlUnavailable(AWAY) from error
    if answer.status_code in BUSY or answer.status_code >= 500:
        asked = answer.headers.get("Retry-After", "")
        raise AzureMlUnavailable(AWAY, min(int(asked), MAX_WAIT_SECONDS) if asked.isdecimal() else None)
    return answer


def _refusal(answer: requests.Response, missing: str | None) -> RegistrationFailed:
    messages = {401: REFUSED, 403: FORBIDDEN, 404: missing or NO_WORKSPACE}
    return RegistrationFailed(
        messages.get(answer.status_code) or f"Azure ML answers {answer.status_code} ({_code(answer)})."
    )


def _code(answer: requests.Response) -> str:
    """Return Azure's own name of an error; its message may hold more than a caller should read."""
    try:
        return str(answer.json()["error"]["code"])[:100]
    except (ValueError, KeyError, TypeError):
        return "no reason"
