"""Each query of docs/queries.md, on the demo's warehouse."""

import re
import shlex
from collections.abc import Iterator

import duckdb
import pytest

from tests.conftest import ROOT, Demo

PAGE = (ROOT / "docs" / "queries.md").read_text()
SECTION = re.compile(
    r"^## ([^\n]+)\n\n```sql\n(.+?)\n```\n\n(\S.*?)\n(?=\n|\Z)", re.MULTILINE | re.DOTALL
)
SECTIONS = SECTION.findall(PAGE)
QUERIES = [pytest.param(query, id=question) for question, query, _ in SECTIONS]


@pytest.fixture(scope="module")
def warehouse(demo: Demo) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(demo.folder / "warehouse.duckdb", read_only=True) as connection:
        yield connection


def test_every_section_is_a_question_a_query_and_how_to_read_it() -> None:
    headings = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    assert headings == [question for question, _, _ in SECTIONS]
    assert len(headings) >= 12
    assert all(question.endswith("?") for question in headings)
    assert all(reading.endswith((".", "`.")) for _, _, reading in SECTIONS)


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_answers_with_rows_and_every_column_has_a_value(
    query: str, warehouse: duckdb.DuckDBPyConnection
) -> None:
    answer = warehouse.sql(query)
    columns = list(zip(*answer.fetchall(), strict=True))
    assert len(columns) == len(answer.columns)
    for name, values in zip(answer.columns, columns, strict=True):
        assert any(value is not None for value in values), name


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_can_be_pasted_between_quotes_in_a_shell(query: str) -> None:
    """`just sql "..."`: a shell would act on `$`, on backticks and on quotes inside."""
    assert shlex.split(f'"{query}"') == [query]
    assert not set(query) & set("$`!\\")
