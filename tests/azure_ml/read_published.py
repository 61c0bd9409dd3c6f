"""Reads published files as their users do, with the real readers, and prints what they made of them as JSON.

`python -m tests.azure_ml.read_published <folder> <dataset>`; a process of its own, because the readers are programs in Rust
that look at the environment once. `folder` holds the published files, `dataset` is the name of a File dataset, or empty.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

import mltable
from azureml.core import Dataset, Workspace
from azureml.core.authentication import ServicePrincipalAuthentication
from azureml.dataprep.api import _datastore_helper

from tests.azure_ml.fake_azure import APPLICATION, GROUP, SECRET, SERVICES, SUBSCRIPTION, TENANT, WORKSPACE


def main() -> None:
    """Print the paths that the addresses stand for, and the contents to which they lead."""
    folder, dataset = Path(sys.argv[1]), sys.argv[2]
    # These clients do not speak TLS through a proxy.
    os.environ |= {"http_proxy": os.environ["HTTPS_PROXY"], "AZUREML_SERVICE_ENDPOINT": f"http://{SERVICES}"}
    login = ServicePrincipalAuthentication(TENANT, APPLICATION, SECRET)
    workspace = Workspace(SUBSCRIPTION, GROUP, WORKSPACE, auth=login)
    # With this the readers look up the datastore.
    _datastore_helper._set_auth_type(workspace)
    found = {
        "labels": _read(mltable.load(str(folder / "campaign")).to_pandas_dataframe()["image_url"]),
        "images": _read(mltable.load(str(folder / "campaign_images")).to_pandas_dataframe()["Path"]),
    }
    if dataset:
        # What downloads and mounts go through, without names that a file on a disk cannot have.
        found["dataset"] = _read(Dataset.get_by_name(workspace, dataset)._dataflow.to_pandas_dataframe()["Path"])
    # The SDK prints, too.
    print("\n" + json.dumps(found))  # noqa: T201
    sys.stdout.flush()
    os._exit(0)


def _read(streams: Any) -> list[str]:
    contents = []
    for stream in streams:
        with stream.open() as file:
            contents.append(file.read().decode())
    return contents


if __name__ == "__main__":
    main()
