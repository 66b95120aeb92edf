"""`python -m extract`: bring what Amplitude has into the archive, and the archive into raw."""

import time
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive
from extract.downloads import download
from extract.errors import ExtractError
from extract.files import import_files
from extract.packages import load_archive
from extract.profiles import fetch_profiles
from extract.raw import RawTables
from extract.settings import ExtractSettings
from pipeline.terminal import note, run, summary
from pipeline.warehouse import connect

# Parsing streams: more than this would only help joins larger than extract ever makes.
_MEMORY_LIMIT = "1GB"

Facts = dict[str, object]


def main() -> None:
    """Archive what is missing, load what is archived, then print what happened."""
    started = time.monotonic()
    settings = ExtractSettings.read().model_copy(update={"duckdb_memory_limit": _MEMORY_LIMIT})
    archive = Archive(settings.data_dir / "archive")
    # Opened first: better to hear before hours of downloads than after that it is in use.
    with closing(connect(settings.warehouse, settings)) as connection:
        archive.remove_partials()
        api = AmplitudeApi(settings) if settings.extract_files is None else None
        facts, failures = _fill(archive, api, settings)
        scratch = settings.data_dir / "tmp" / "extract"
        raw = RawTables(connection, settings.data_dir / "dlt", scratch)
        failures = [*failures, *load_archive(raw, archive, scratch)]
        facts |= _profiles(raw, api, settings) | _totals(raw)
    summary("Extract", facts | {"seconds": time.monotonic() - started})
    if failures:
        raise ExtractError("\n".join(map(str, failures)))


def _fill(
    archive: Archive, api: AmplitudeApi | None, settings: ExtractSettings
) -> tuple[Facts, Sequence[ExtractError]]:
    """Put into the archive what is not there yet."""
    if api is None:
        imported = import_files(str(settings.extract_files), archive)
        for path in imported.skipped:
            note(f"{path}: neither zip, gzip nor NDJSON; passed over.")
        return {
            "files added": len(imported.added),
            "files already archived": imported.known,
            "other files passed over": len(imported.skipped),
        }, []
    downloads = download(archive, api, settings, datetime.now(UTC))
    return {
        "range (UTC hours)": str(downloads.wanted),
        "windows fetched": sum(export.status == "loaded" for export in downloads.exports),
        "windows empty": sum(export.status == "empty" for export in downloads.exports),
        "windows failed": len(downloads.failures),
    }, downloads.failures


def _profiles(raw: RawTables, api: AmplitudeApi | None, settings: ExtractSettings) -> Facts:
    if api is None or not settings.extract_profiles:
        return {}
    if settings.profile_url is None:
        note("Amplitude has no User Profile API in the EU: the last snapshots stand in.")
        return {}
    found, missing = fetch_profiles(raw, api, settings.profile_rate)
    return {"profiles fetched": found, "profiles not found": missing}


def _totals(raw: RawTables) -> Facts:
    """What raw holds after this run, all runs together."""
    rows = raw.query(
        "select coalesce(sum(lines), 0)::bigint, coalesce(sum(bad_lines), 0)::bigint "
        "from raw.exports"
    )
    (lines, bad_lines) = rows[0]
    return {"lines in raw": lines, "events in raw": lines - bad_lines, "bad lines": bad_lines}


if __name__ == "__main__":
    run(main)
