"""Azurite answers all the time: it looks for garbage only when it starts."""

import subprocess

from local.azurite import GARBAGE, PROGRAM, find_node

LONGEST_MILLISECONDS = 2**31 - 1
SCRIPT = """
process.argv[1] = process.argv[2];
require(process.argv[3]);
const Manager = require(require("node:path").dirname(process.argv[2]) + "/gc/BlobGCManager.js").default;
console.log(new Manager({}, {}, {}, () => {}, {}).gcIntervalInMS);
"""


def test_garbage_is_collected_at_the_start_alone() -> None:
    command = [find_node().program, "-e", SCRIPT, "", str(PROGRAM), str(GARBAGE)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert int(found.stdout) == LONGEST_MILLISECONDS
