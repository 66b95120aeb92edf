"""`python -m extract`: bring what Amplitude has into the archive, and the archive into raw."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime

from extract.amplitude_api import AmplitudeApi
from extract.archive import Archive
from extract.errors import ExtractError
from extract.files import import_files
from extract.journal import Journal
from extract.packages import load_archive
from extract.profiles import fetch_profiles
from extract.project import Update, update
from extract.raw import RawTables, open_raw
from extract.settings import ExtractSettings
from pipeline.terminal import note, run, summary

_NAMED_FILES = 5

Facts = dict[str, object]


def main() -> None:
    """Archive what is missing, load what is archived, then print what happened."""
    started = time.monotonic()
    settings = ExtractSettings.read()
    archive = Archive(settings.data_dir / "archive")
    # Opened first: better to hear before hours of downloads than after that it is in use.
    with open_raw(settings.warehouse, settings) as raw:
        archive.remove_partials()
        done = _fill(raw, archive, settings)
        journal = Journal(archive.folder / "profiles")
        journal.load(raw)
        facts = done.facts | _profiles(raw, journal, settings) | _totals(raw)
    summary("Extract", facts | {"seconds": time.monotonic() - started})
    if done.failures:
        raise ExtractError("\n".join(map(str, done.failures)))


def _fill(raw: RawTables, archive: Archive, settings: ExtractSettings) -> Update:
    """Put into the archive and raw what is not there yet."""
    if settings.extract_files is None:
        api = AmplitudeApi(settings)
        archive.claim(api.project)
        return update(raw, archive, api, settings, datetime.now(UTC))
    imported = import_files(settings.extract_files, archive)
    _name_skipped(imported.skipped)
    facts: Facts = {
        "files added": len(imported.added),
        "files already archived": imported.known,
        "empty files and markers": imported.empty,
        "other files passed over": len(imported.skipped),
    }
    failures = load_archive(raw, archive, raw.scratch)
    return Update(facts, [*imported.failures, *failures])


def _name_skipped(origins: Sequence[str]) -> None:
    for origin in origins[:_NAMED_FILES]:
        note(f"{origin}: neither events nor merged ids of Amplitude's; passed over.")
    if len(origins) > _NAMED_FILES:
        note(f"... and {len(origins) - _NAMED_FILES:,} more files passed over.")


def _profiles(raw: RawTables, journal: Journal, settings: ExtractSettings) -> Facts:
    if settings.extract_files is not None or not settings.extract_profiles:
        return {}
    if settings.profile_url is None:
        note("Amplitude has no User Profile API in the EU: the last snapshots stand in.")
        return {}
    outcomes = fetch_profiles(raw, journal, settings)
    return {
        "profiles fetched": outcomes["found"],
        "profiles not found": outcomes["not found"],
        "profiles failed": outcomes["failed"],
    }


def _totals(raw: RawTables) -> Facts:
    """What raw holds after this run, all runs together."""
    rows = raw.query(
        "select coalesce(sum(lines), 0)::bigint, coalesce(sum(bad_lines), 0)::bigint, "
        "(select count(*) from raw.merged_users) from raw.exports"
    )
    (lines, bad_lines, merges) = rows[0]
    events = lines - bad_lines - merges
    facts = {"lines in raw": lines, "events in raw": events, "bad lines": bad_lines}
    return facts | ({"merged ids in raw": merges} if merges else {})


if __name__ == "__main__":
    run(main)
