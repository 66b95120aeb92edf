# Amplitude → DuckDB → PostHog. `just` lists the recipes; settings come from .env or the environment.

set positional-arguments

python := ".venv/bin/python"

_list:
    @{{ just_executable() }} --list --unsorted

# Run the whole pipeline on a local sandbox: no account needed
[no-exit-message]
demo: _ready
    @{{ python }} -m sandbox demo

# Copy what is new in Amplitude, or the files in EXTRACT_FILES, into the archive and raw
[no-exit-message]
extract: _ready
    @{{ python }} -m extract

# Build and test the tables: typed events, identity, PostHog's shape
[no-exit-message]
transform: _ready
    @{{ python }} -m dbt_project

# Send to PostHog what it has not acknowledged yet
[no-exit-message]
load: _ready
    @{{ python }} -m load

# Send a sample of whole persons into a test project
[no-exit-message]
rehearse: _ready
    @{{ python }} -m load rehearse

# Send once more what PostHog refused
[no-exit-message]
replay: _ready
    @{{ python }} -m load replay

# Show where every event stands, also while a load runs
[no-exit-message]
status: _ready
    @{{ python }} -m operate.status

# Make raw and marts again from the archive alone, offline
[no-exit-message]
rebuild: _ready
    @{{ python }} -m extract.rebuild
    @{{ python }} -m dbt_project

# Open DuckDB's shell on the warehouse, read-only, or run one query
[no-exit-message]
sql *QUERY: _ready
    @{{ python }} -m operate.sql "$@"

# Run dbt itself with the same settings, as in: just dbt ls --select staging
[no-exit-message]
dbt *ARGUMENTS: _ready
    @{{ python }} -m dbt_project "$@"

# Write dbt's documentation of every table to one HTML page
[no-exit-message]
docs: _ready
    @{{ python }} -m dbt_project docs generate --static --quiet

# Serve the sandbox's Amplitude and PostHog until Ctrl-C, and print the settings for them
[no-exit-message]
sandbox: _ready
    @{{ python }} -m sandbox serve

# Check everything as CI does: format, lint, types, tests, dbt
check: _ready-dev
    {{ python }} -m ruff format --check .
    {{ python }} -m ruff check .
    {{ python }} -m mypy
    .venv/bin/sqlfmt --check --quiet dbt_project
    .venv/bin/sqlfluff lint --disable-progress-bar --processes 2 dbt_project
    {{ python }} -m pytest --numprocesses auto --maxprocesses 4

# Bring all code into its format
format: _ready-dev
    {{ python }} -m ruff format .
    {{ python }} -m ruff check --fix .
    .venv/bin/sqlfmt dbt_project

# Run the tests alone, with pytest's own arguments
test *ARGUMENTS: _ready-dev
    {{ python }} -m pytest "$@"

# Measure extract, transform or load against its floor, as in: just bench transform 1000000
[no-exit-message]
bench STAGE *SIZES: _ready-dev
    @stage=$1; shift; {{ python }} -m "bench.$stage" "$@"

# Pin every dependency again, with hashes, within the ranges of pyproject.toml
pin: _ready-dev
    .venv/bin/uv pip compile pyproject.toml --universal --generate-hashes --no-strip-extras --no-header --quiet --upgrade --output-file requirements.txt
    .venv/bin/uv pip compile pyproject.toml --group dev --constraint requirements.txt --universal --generate-hashes --no-strip-extras --no-header --quiet --upgrade --output-file requirements-dev.txt
    .venv/bin/uv pip compile pyproject.toml --extra buckets --constraint requirements-dev.txt --universal --generate-hashes --no-strip-extras --no-header --quiet --upgrade --output-file requirements-buckets.txt

_ready: (_install "requirements.txt")

_ready-dev: (_install "requirements-dev.txt")

# The environment holds what one requirements file pins; it is set up again when another is wanted.
# What developers need includes what users need.
_install REQUIREMENTS:
    #!/bin/sh
    set -eu
    if [ "$1" = requirements.txt ] && grep -qsxF "$(cksum requirements-dev.txt)" .venv/installed; then exit 0; fi
    wanted=$(cksum "$1")
    if grep -qsxF "$wanted" .venv/installed; then exit 0; fi
    python=.venv/bin/python
    [ -x "$python" ] || python=${PYTHON:-python3}
    "$python" -c 'import sys
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        sys.exit(f"Error: Python {sys.version.split()[0]} is not supported: remove .venv, and name a Python of 3.11 to 3.13, as in PYTHON=python3.12 just demo.")'
    echo "Setting up .venv from $1 ..." >&2
    [ -x .venv/bin/python ] || "$python" -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$1"
    echo "$wanted" > .venv/installed
