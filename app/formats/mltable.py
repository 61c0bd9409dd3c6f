"""MLTable: the file that tells the library `mltable` and Azure ML how to open the files beside it.

See https://learn.microsoft.com/azure/machine-learning/reference-yaml-mltable.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

SCHEMA = "https://azuremlschemas.azureedge.net/latest/MLTable.schema.json"
# In C it takes a tenth of the time, which is seconds for some thousand paths; the package may have been built without.
YAML_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def describe_lines(names: Sequence[str], *, has_urls: bool) -> bytes:
    """Return the MLTable file that opens these files of JSON Lines; URLs of Azure ML are read as streams.

    Where there are several, their rows say in the column `Path` from which file they come.
    """
    lines = {"encoding": "utf8", "invalid_lines": "error", "include_path_column": len(names) > 1}
    read: list[dict[str, Any]] = [{"read_json_lines": lines}]
    if has_urls:
        read.append({"convert_column_types": [{"columns": "image_url", "column_type": "stream_info"}]})
    return describe({"paths": [{"file": f"./{name}"} for name in names], "transformations": read})


def describe(table: Mapping[str, Any]) -> bytes:
    """Return an MLTable file."""
    content = {"$schema": SCHEMA, "type": "mltable", **table}
    return str(yaml.dump(content, Dumper=YAML_DUMPER, sort_keys=False)).encode()
