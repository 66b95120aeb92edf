"""`python -m sandbox demo` runs the demo; `python -m sandbox serve` serves until Ctrl-C."""

import sys
import time
from pathlib import Path

from sandbox.demo import demo
from sandbox.project import running
from sandbox.world import Plan

_PORTS = (8787, 8788)


def _serve(folder: Path) -> int:
    """Serve a generated world, and print the lines of `.env` that point the pipeline at it."""
    try:
        with running(Plan(), folder / "sandbox", _PORTS) as project:
            for name, value in {"DATA_DIR": str(folder), **project.settings}.items():
                print(f"{name}={value}")
            print("Serving until Ctrl-C.", file=sys.stderr, flush=True)
            while True:
                time.sleep(3600)
    except OSError as error:
        sys.exit(f"Error: ports {_PORTS[0]} and {_PORTS[1]} cannot be served: {error.strerror}.")


def main() -> int:
    """Do what the arguments say."""
    data = Path("data")
    match sys.argv[1:]:
        case ["demo", *folder]:
            return demo(Path(*folder) if folder else data / "demo")
        case ["serve"]:
            return _serve(data / "sandbox")
        case _:
            sys.exit("Error: say `python -m sandbox demo` or `python -m sandbox serve`.")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
