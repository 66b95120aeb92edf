"""A warehouse that has grown: raw of a first load, built, and a later load not built yet.

What Amplitude exported is generated and loaded once for each size. What dbt makes of it is made
anew for each contest: after a change of the models, an old build would say nothing about them.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from extract.archive import Archive
from extract.packages import load_archive
from extract.raw import open_raw
from pipeline.settings import Settings
from pipeline.terminal import note
from pipeline.warehouse import connect
from sandbox.export import write_exports
from sandbox.world import Plan

_LATER_SHARE = 0.05
_FILE_COLUMNS = {"events": "export_file", "bad_lines": "export_file", "exports": "file"}


@dataclass(frozen=True)
class Growth:
    """Three warehouses in one folder: `first` and `whole` hold raw alone, `grown` is built."""

    folder: Path
    plan: Plan

    @property
    def first(self) -> Path:
        """Raw of the first load."""
        return self.folder / "first.duckdb"

    @property
    def whole(self) -> Path:
        """Raw of both loads."""
        return self.folder / "whole.duckdb"

    @property
    def grown(self) -> Path:
        """Raw of both loads, and what dbt made of the first."""
        return self.folder / "grown.duckdb"

    def load(self) -> None:
        """Generate and load, unless this was done before for the same plan."""
        record = self.folder / "plan.json"
        plan = json.dumps(asdict(self.plan), default=str)
        if record.exists() and record.read_text() == plan:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        note(f"Generating {self.plan.events:,} events")
        write_exports(self.plan, self.folder)
        earlier, later = _split(sorted((self.folder / "exports").glob("*.zip")))
        self._extract(earlier, self.first)
        self._extract(later, self.whole)
        record.write_text(plan)

    def _extract(self, files: Sequence[Path], warehouse: Path) -> None:
        """One more load into the archive and its raw tables, and a copy of them."""
        settings = Settings(data_dir=self.folder / "extract")
        archive = Archive(settings.data_dir / "archive")
        for path in files:
            archive.add_file(path, path.name)
        with open_raw(settings.warehouse, settings) as raw:
            if failures := load_archive(raw, archive, raw.scratch):
                raise failures[0]
        shutil.copyfile(settings.warehouse, warehouse)

    def build(self, settings: Settings) -> None:
        """Build the first load with today's models, in the folder of the settings; add the later.

        Raises:
            CalledProcessError: dbt failed.
        """
        note("Building the first load")
        shutil.copyfile(self.first, settings.warehouse)
        command = [sys.executable, "-m", "dbt_project"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
        with closing(connect(settings.warehouse, settings)) as connection:
            connection.execute(f"attach '{self.whole}' as whole (read_only)")
            for table, column in _FILE_COLUMNS.items():
                connection.execute(
                    f"insert into raw.{table} by name "
                    f"from whole.raw.{table} anti join raw.{table} using ({column})"
                )
        settings.warehouse.replace(self.grown)

    def lines(self) -> tuple[int, int]:
        """How many lines raw has in all, and how many came later."""
        whole, first = (_lines(warehouse) for warehouse in (self.whole, self.first))
        return whole, whole - first


def _lines(warehouse: Path) -> int:
    with closing(connect(warehouse, Settings.read(), read_only=True)) as connection:
        return int(connection.sql("select count(*) from raw.events").fetchall()[0][0])


def _split(files: Sequence[Path]) -> tuple[Sequence[Path], Sequence[Path]]:
    """Cut where the later files hold their share of the bytes: the last hours are nearly empty."""
    later_bytes = _LATER_SHARE * sum(path.stat().st_size for path in files)
    cut = len(files)
    while later_bytes > 0:
        cut -= 1
        later_bytes -= files[cut].stat().st_size
    return files[:cut], files[cut:]
