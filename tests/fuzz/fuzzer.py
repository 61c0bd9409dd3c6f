"""Schemathesis in processes of its own, against a service that runs, and what it counted."""

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.caller import Caller
from tests.workers import ROOT

CONFIGURATION = Path(__file__).with_name("schemathesis.toml")
MAX_ROUNDS = 20
PHASES = {"examples", "coverage", "fuzzing", "stateful"}
# The same seed sends the same requests: FUZZ_SEED=… sets another one.
SEED = int(os.environ.get("FUZZ_SEED", "20261123"))


@dataclass
class Counts:
    """What was sent and got: cases of each phase, how often each operation answered each status, and the links taken.

    An operation is written as `GET /images`, a link as `GET /images -> [200] FirstImage -> GET /images/{image_id}`.
    """

    cases: Counter[str] = field(default_factory=Counter)
    statuses: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    links: Counter[str] = field(default_factory=Counter)

    def read(self, report: Path) -> None:
        """Add what stands in a report of events, one JSON object a line."""
        with report.open() as lines:
            for event in map(json.loads, lines):
                if "ScenarioFinished" in event:
                    self._add(event["ScenarioFinished"])

    def _add(self, scenario: dict[str, Any]) -> None:
        recorder = scenario["recorder"]
        for case_id, case in recorder.get("cases", {}).items():
            response = recorder["interactions"].get(case_id, {}).get("response")
            if response:
                self.cases[scenario["phase"]] += 1
                self.statuses[f"{case['value']['method']} {case['value']['path']}"][response["status_code"]] += 1
                if case["is_transition_applied"]:
                    self.links[case["transition"]["id"]] += 1

    def succeeded(self) -> set[str]:
        """The operations that did what they were asked to, at least once."""
        return {label for label, statuses in self.statuses.items() if any(200 <= status < 400 for status in statuses)}

    def __str__(self) -> str:
        total: Counter[int] = sum(self.statuses.values(), Counter())
        counts = f"{self.cases.total()} cases {dict(self.cases)} along {len(self.links)} links"
        return f"{counts}, answers {dict(sorted(total.items()))}, seed {SEED}"


@dataclass(frozen=True)
class Fuzzer:
    """Calls a service as one user, with all checks of Schemathesis, and counts; what it finds is an AssertionError.

    `spared` are the ids of the caller's own user and of the one to which that is done what would lock the caller out;
    images with the ids from 1 to `image_count` are there.
    """

    url: str
    caller: Caller
    folder: Path
    spared: tuple[int, int]
    image_count: int
    counts: Counts = field(default_factory=Counts)

    def send_cases(self, examples: int) -> None:
        """Try every operation by itself: its examples, every bound of its schemas, and `examples` made up by chance."""
        self._run(SEED, "examples,coverage,fuzzing", examples)

    def walk(self, steps: int, walks: int, wanted: Iterable[str] = ()) -> None:
        """Follow the links of the document from answer to answer, for at least so many steps, `walks` times in a round.

        Goes on until each of the `wanted` operations has succeeded at some time, which is left to chance.

        Schemathesis ends a round early when the same steps lead elsewhere than before, which they may, because the service
        remembers; the next round has the next seed.
        """
        for seed in range(SEED, SEED + MAX_ROUNDS):
            if self.counts.cases["stateful"] < steps or not self.counts.succeeded() >= set(wanted):
                self._run(seed, "stateful", walks)

    def _run(self, seed: int, phases: str, examples: int) -> None:
        report = self.folder / f"{phases}-{seed}.ndjson"
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            f"--config-file={CONFIGURATION}",
            "run",
            f"{self.url}/api/v1/openapi.json",
            f"--origin={self.url}",
            f"--seed={seed}",
            f"--phases={phases}",
            f"--max-examples={examples}",
            f"--header=Authentication-Key: {self.caller.key}",
            f"--header=Authentication-Secret: {self.caller.secret}",
            "--report=ndjson",
            f"--report-ndjson-path={report}",
            "--no-color",
        ]
        environment = os.environ | {
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.fuzz.hooks",
            "FUZZ_CALLER_ID": str(self.spared[0]),
            "FUZZ_BYSTANDER_ID": str(self.spared[1]),
            "FUZZ_IMAGE_COUNT": str(self.image_count),
        }
        # What it writes besides its report falls into the folder.
        run = subprocess.run(command, cwd=self.folder, env=environment, check=False, text=True, stdout=subprocess.PIPE)
        assert run.returncode == 0, run.stdout
        self.counts.read(report)
