"""`python -m sandbox demo` runs the demo; `python -m sandbox serve` serves until Ctrl-C."""

import os
import sys
import time
from pathlib import Path

from sandbox.demo import demo
from sandbox.project import running
from sandbox.world import Plan

_FOLDER = Path(os.environ.get("DATA_DIR") or "data") / "demo"
_PORTS = (8787, 8788)


def _serve(folder: Path) -> int:
    """Serve a generated world, and print the lines of `.env` that point the pipeline at it."""
    with running(Plan(), folder, _PORTS) as project:
        for name, value in project.settings.items():
            print(f"{name}={value}")
        print("Serving until Ctrl-C.", file=sys.stderr, flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["demo"]:
            sys.exit(demo(_FOLDER))
        case ["serve"]:
            sys.exit(_serve(_FOLDER / "sandbox"))
        case _:
            sys.exit("Error: say `python -m sandbox demo` or `python -m sandbox serve`.")
