"""Azure ML's SDK v1 (azureml-core), in a process of its own for each dataset (`sdk_v1_process.py`).

The SDK takes seconds to import and some 130 MB, sends requests without a time limit, prints, and writes to the home folder. A
process can be given a deadline and an empty home, and returns its memory.
"""

import json
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from app.azure.ml.registry import AzureMlUnavailable, NewVersion, RegistrationFailed
from app.azure.ml.workspace import AWAY, FORBIDDEN, NO_DATASTORE, NO_WORKSPACE, REFUSED, Workspace

CHECKOUT = Path(__file__).parents[3]
DEADLINE_SECONDS = 600
END_SECONDS = 5
# What it means when a step ends with an error that is not an outage.
REFUSALS = {"login": REFUSED, "workspace": NO_WORKSPACE, "datastore": NO_DATASTORE}


class Sdk:
    """v1: a File dataset for images, a Tabular dataset for labels, each a new version of its name."""

    def __init__(self, workspace: Workspace, deadline_seconds: float = DEADLINE_SECONDS) -> None:
        self._workspace = workspace
        self._deadline_seconds = deadline_seconds
        self.url_prefix = workspace.url_prefix

    def register(self, dataset: NewVersion) -> str:
        """Return the version that was registered, now or before. Raises RegistrationFailed, AzureMlUnavailable."""
        addresses = [path.locate(self.url_prefix) for path in dataset.paths]
        request = {"workspace": asdict(self._workspace), "dataset": {**asdict(dataset), "addresses": addresses}}
        result = self._run(request)
        if "version" in result:
            return str(result["version"])
        if result.get("is_outage"):
            raise AzureMlUnavailable(AWAY)
        if result.get("status") == 403:
            raise RegistrationFailed(FORBIDDEN)
        step, error = result.get("step"), result.get("error")
        raise RegistrationFailed(REFUSALS.get(str(step)) or f"Azure ML refuses the dataset {dataset.name} ({error}).")

    def _run(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return what the process answers to a request; an outage when it ends without a word or takes too long."""
        with tempfile.TemporaryDirectory() as home:
            # The secret goes through the pipe, because arguments and environment can be read by others.
            command = ["env", f"HOME={home}", sys.executable, "-m", "app.azure.ml.sdk_v1_process"]
            process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            end = threading.Timer(self._deadline_seconds, process.kill)
            end.start()
            try:
                return _exchange(process, request)
            finally:
                end.cancel()
                _end(process)


def _exchange(process: "subprocess.Popen[str]", request: dict[str, Any]) -> dict[str, Any]:
    assert process.stdin is not None  # noqa: S101  # Both are pipes.
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except BrokenPipeError:
        answer = ""
    result: dict[str, Any] = json.loads(answer) if answer else {"is_outage": True}
    return result


def _end(process: "subprocess.Popen[str]") -> None:
    """Let the process end by itself, which it does right after its answer; kill one that does not."""
    try:
        process.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
