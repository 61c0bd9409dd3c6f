"""The process in which Azure ML's SDK v1 registers one dataset: `python -m app.azure.ml.sdk_v1_process`.

It reads one request, a line of JSON, from standard input, and writes one result, a line of JSON, to standard output:
`{"version"}`, or `{"step", "error", "status", "is_outage"}`.
"""

import json
import os
import sys
import threading
from typing import Any

VERSIONS_LOOKED_AT = 20
BUSY = (408, 429)


class StepFailed(Exception):
    """A step of the work ended with the SDK's error, which is the cause."""


def main() -> None:
    """Read a request from standard input, do it, and write the result as one line of JSON."""
    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # What the SDK prints must not be taken for the result.
    result_stream = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        result = {"version": _register(request["workspace"], request["dataset"])}
    except StepFailed as failure:
        result = {"step": str(failure), **_describe(failure.__cause__)}
    result_stream.write(json.dumps(result) + "\n")
    result_stream.flush()
    # The SDK would go on to send telemetry.
    os._exit(0)


def _end_with_parent() -> None:
    """End when the worker is gone, which closes the pipe: nobody would note what is registered from here on."""
    sys.stdin.read()
    os._exit(1)


def _register(workspace: dict[str, str], dataset: dict[str, Any]) -> str:
    from azureml.core import Dataset, Datastore
    from azureml.core import Workspace as AzureWorkspace
    from azureml.core.authentication import ServicePrincipalAuthentication

    login = ServicePrincipalAuthentication(
        tenant_id=workspace["tenant"],
        service_principal_id=workspace["application"],
        service_principal_password=workspace["password"],
    )
    _step("login", login.get_token)
    place = (workspace["subscription"], workspace["resource_group"], workspace["name"])
    found = _step("workspace", lambda: AzureWorkspace(*place, auth=login))
    datastore = _step("datastore", lambda: Datastore.get(found, workspace["datastore"]))
    return str(_step("dataset", lambda: _register_once(Dataset, found, datastore, dataset)))


def _step(name: str, action: Any) -> Any:
    try:
        return action()
    # The SDK has no common ancestor of its errors.
    except Exception as error:
        raise StepFailed(name) from error


def _register_once(factory: Any, workspace: Any, datastore: Any, dataset: dict[str, Any]) -> str:
    latest = _find_latest(factory, workspace, dataset["name"])
    version = _find_ours(factory, workspace, dataset, latest)
    if version is not None:
        return version
    if dataset["is_table"]:
        paths = [(datastore, path) for path, _ in dataset["paths"]]
        made = factory.Tabular.from_delimited_files(
            path=paths, validate=False, infer_column_types=False, support_multi_line=True
        )
    else:
        made = _make_file_dataset(dataset["addresses"])
    try:
        # The first version of a name is made only where there is none: of two runs at once, one is refused.
        registered = made.register(
            workspace=workspace,
            name=dataset["name"],
            description=dataset["description"],
            tags=dataset["tags"],
            create_new_version=latest > 0,
        )
    except Exception:
        # It may be there all the same, when the answer was lost, or the SDK asked twice.
        version = _find_ours(factory, workspace, dataset, _find_latest(factory, workspace, dataset["name"]))
        if version is None:
            raise
        return version
    return str(registered.version)


def _make_file_dataset(addresses: list[dict[str, str]]) -> Any:
    """Do what `Dataset.File.from_files` does, which takes every path for a pattern and cuts it at a question mark."""
    from azureml.data import FileDataset
    from azureml.dataprep.api.engineless_dataflow import EnginelessDataflow
    from azureml.dataprep.rslex import PyRsDataflow

    return FileDataset._create(EnginelessDataflow(PyRsDataflow.from_paths(addresses)))


def _find_latest(factory: Any, workspace: Any, name: str) -> int:
    """Return the newest version of a name, 0 when there is none."""
    from azureml.exceptions import UserErrorException

    try:
        return int(factory.get_by_name(workspace, name).version)
    except UserErrorException as error:
        if _describe(error)["is_outage"] or "cannot find dataset registered" not in str(error).lower():
            raise
        return 0


def _find_ours(factory: Any, workspace: Any, dataset: dict[str, Any], latest: int) -> str | None:
    """Return the version that has our tags, among the newest ones."""
    for version in range(latest, max(0, latest - VERSIONS_LOOKED_AT), -1):
        tags = factory.get_by_name(workspace, dataset["name"], version=version).tags or {}
        if dataset["tags"].items() <= tags.items():
            return str(version)
    return None


def _describe(error: BaseException | None) -> dict[str, Any]:
    """Return what may be shown of an error of the SDK: its class, its HTTP status, and whether it may be over later."""
    import requests

    name, status, is_outage = type(error).__name__, None, False
    while error is not None:
        response = getattr(error, "response", None)
        found = getattr(error, "status_code", None) or getattr(response, "status_code", None)
        status = status or (found if isinstance(found, int) else None)
        is_outage = is_outage or isinstance(error, requests.ConnectionError | requests.Timeout)
        error = error.__cause__ or error.__context__
    is_outage = is_outage or status in BUSY or (status or 0) >= 500
    return {"error": name, "status": status, "is_outage": is_outage}


if __name__ == "__main__":
    main()
