"""Run a notebook from its first cell to its last, by the Python that has nbclient: `execute.py notebook seconds`.

Writes what its cells printed over the notebook. Fails with the words of the first cell that fails.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

path, seconds = Path(sys.argv[1]), int(sys.argv[2])
notebook = nbformat.read(path, as_version=4)
client = NotebookClient(notebook, timeout=seconds, kernel_name="python3", resources={"metadata": {"path": path.parent}})
client.execute()
nbformat.write(notebook, path)
