"""Azure ML data assets (v2), registered over REST.

Paths and bodies are those of the REST reference, learn.microsoft.com/rest/api/azureml, "Data Versions".
"""

from app.azure.ml.registry import NewVersion
from app.azure.ml.workspace import NO_WORKSPACE, Workspace


class DataAssets:
    """v2: a data asset for each dataset, of the type `mltable`.

    A version is named before it is made, and making one again that is there already changes nothing: so two runs that do the
    same at once make one version.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self.url_prefix = workspace.url_prefix

    def register(self, dataset: NewVersion) -> str:
        """Return the version that was registered, now or before. Raises RegistrationFailed, AzureMlUnavailable."""
        self._workspace.check()
        self._workspace.check_datastore()
        # A container of that name without versions answers as one that is not there.
        listed = self._workspace.call("GET", f"/data/{dataset.name}/versions") or {"value": []}
        versions = {str(item["name"]): item["properties"].get("tags") or {} for item in listed["value"]}
        for version, tags in versions.items():
            if dataset.tags.items() <= tags.items():
                return version
        version = str(1 + max((int(name) for name in versions if name.isdecimal()), default=0))
        properties = {
            "dataType": "mltable",
            "dataUri": f"{self.url_prefix}{dataset.table_folder}/",
            "description": dataset.description,
            "tags": dataset.tags,
            "isAnonymous": False,
            "isArchived": False,
        }
        self._workspace.call(
            "PUT", f"/data/{dataset.name}/versions/{version}", {"properties": properties}, missing=NO_WORKSPACE
        )
        return version
