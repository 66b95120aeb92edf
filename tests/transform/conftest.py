"""What the tests of PostHog's shape share: the lines of the conformance table, built by dbt."""

import json
from fcntl import LOCK_EX, flock
from pathlib import Path

import pytest

from tests.conformance import CASES
from tests.conftest import succeed


@pytest.fixture(scope="session")
def conformed(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    """The folder of a warehouse with these lines, made once, also where tests run in processes."""
    folder = tmp_path_factory.getbasetemp()
    if hasattr(request.config, "workerinput"):
        folder = folder.parent
    data, lines = folder / "conformed", folder / "conformed.ndjson"
    with (folder / "conformed.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        if not lines.exists():
            written = [json.dumps(case.line(number)) for number, case in enumerate(CASES)]
            lines.write_text("\n".join(written))
            succeed("extract", data, EXTRACT_FILES=str(lines))
            skipped = ("--exclude-resource-type", "test", "unit_test")
            succeed(
                "dbt_project",
                data,
                "build",
                "--select",
                "+path:models/marts/posthog_*.sql",
                *skipped,
            )
    return data
