"""Files of data that are built to take all memory, or all time, or to break the program that reads them."""

import gzip
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from equipoise.exchange import readers
from equipoise.gather.raw import Raw
from equipoise.gather.source import Data, Source, TableSource
from tests.security.books import BEGIN, END, book

QUICK = 10.0  # seconds: many times what each takes, on a machine that is busy


@pytest.fixture(autouse=True)
def in_bounded_time() -> Iterator[None]:
    begun = time.monotonic()
    yield
    assert time.monotonic() - begun < QUICK


def read(path: Path, **options: str) -> Raw:
    source = Source("item", (str(path),), encoding=options.get("encoding", ""))
    (raw,) = readers.read(Data(files={"item": source}, tables={"item": (TableSource("item", "item"),)}), path.parent)["item"]
    return raw


def refused(path: Path, **options: str) -> str:
    raw = read(path, **options)
    faults = [fault for fault in raw.faults if fault.severity == "error"]
    assert faults
    assert all(fault.fix and str(fault.where) for fault in faults)
    assert raw.frame.is_empty()
    return faults[0].message


# --- workbooks ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>', "spans 17,179,869,184 cells"),
        ("<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>", "spans 17,179,869,184 cells"),
        ('<row r="90000"><c r="ZZZ90000"><v>1</v></c></row>', "further out than a sheet goes"),
        ('<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>', "further out than a sheet goes"),
        ('<row r="2"><c r="AAAAAAA2"><v>1</v></c></row>', "further out than a sheet goes"),
        ('<row r="1000000"><c/></row><row><c r="ALL2"><v>1</v></c></row>', "spans 1,000,000,000 cells"),
        ('<row r="2"><c r="A2" ' + 't="e" ' * 100_000 + "<v>1</v></row>", "cannot be read"),
    ],
    ids=["far", "other quotes", "beyond columns", "beyond rows", "beyond letters", "without names", "endless tag"],
)
def test_a_cell_far_out_fills_no_memory(tmp_path: Path, rows: str, message: str) -> None:
    assert message in refused(book(tmp_path / "a.xlsx", rows))


def test_cells_without_names_are_counted_as_they_stand(tmp_path: Path) -> None:
    rows = "".join("<row>" + "<c><v>1</v></c>" * 3 + "</row>" for _ in range(10))
    assert read(book(tmp_path / "a.xlsx", rows)).faults == ()
    assert "further out" in refused(book(tmp_path / "b.xlsx", "<row>" + "<c/>" * 20_000 + "</row>"))
    hidden = "<row>" + "<c/>" * 9_000 + "</row>" + "".join(f'<row r="{row}"/>' for row in range(100_000, 109_000))
    assert "to column 9,000 and row 108,999" in refused(book(tmp_path / "c.xlsx", hidden))
    told = "<row>" + "<c/>" * 9_000 + '</row><row r="90000"><c r="A90000" t="inlineStr"><is><t>' + ' r="A1"' * 9_000 + "</t></is></c></row>"
    assert "to column 9,000 and row 90,000" in refused(book(tmp_path / "d.xlsx", told))
    for trick in ("<!-- {} -->", "<![CDATA[{}]]>", "<?x {}?>"):
        assert "comments or the like" in refused(book(tmp_path / "e.xlsx", trick.format('<c r="A1"' * 9_000)))
    assert "to column 9,000 and row 108,999" in refused(book(tmp_path / "c.xlsx", hidden))


def test_a_long_text_in_many_cells_fills_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = "".join(f'<row r="{row}"><c r="A{row}" t="s"><v>0</v></c></row>' for row in range(2, 3_000))
    assert "a cell holds at most 32,767 characters" in refused(book(tmp_path / "a.xlsx", cells, ["x" * 3_000_000]))
    monkeypatch.setenv("EQUIPOISE_MOST_UNPACKED_BYTES", "50000000")
    assert "take more than 50 MB" in refused(book(tmp_path / "b.xlsx", cells, ["x" * 30_000]))
    one = book(tmp_path / "c.xlsx", cells, ["y", "x" * 30_000])  # long, but nobody names it
    assert read(one).frame.height == 2_998


def test_entities_are_no_billion_laughs(tmp_path: Path) -> None:
    entities = "".join(f'<!ENTITY {chr(98 + step)} "{f"&{chr(97 + step)};" * 10}">' for step in range(9))
    sheet = BEGIN.replace("<worksheet", f'<!DOCTYPE x [<!ENTITY a "ha">{entities}]><worksheet').replace(">item<", ">&j;<") + END
    assert "defines entities" in refused(book(tmp_path / "a.xlsx", "", sheet=sheet))


def test_an_archive_of_too_much_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_MOST_ARCHIVE_ENTRIES", "100")
    assert "has 206 entries" in refused(book(tmp_path / "a.xlsx", "", more=[(f"xl/x{number}.xml", "") for number in range(200)]))
    monkeypatch.setenv("EQUIPOISE_MOST_UNPACKED_BYTES", "1000000")
    assert "unpacks to" in refused(book(tmp_path / "b.xlsx", " " * 2_000_000))


def test_a_size_that_is_not_true_does_not_get_more_in(tmp_path: Path) -> None:
    """The archive says that a sheet is short, and is believed: what it holds beyond that is handed to nobody."""
    path = book(tmp_path / "a.xlsx", "<row/>" * 100_000)
    with zipfile.ZipFile(path) as archive:
        entry = archive.getinfo("xl/worksheets/sheet1.xml")
        true = entry.file_size.to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(true, (100).to_bytes(4, "little")))
    assert "not an Excel workbook" in refused(path)


def test_error_cells_without_end_are_found_in_a_moment(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="e"/></row>' for row in range(2, 30_000))
    faults = read(book(tmp_path / "a.xlsx", rows)).faults
    assert "Cell A2 holds the Excel error an error." in faults[0].message
    assert len(faults) == 21


def test_what_is_no_workbook_of_its_kind_ends_no_program(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\xff" * 4_000)
    assert "cannot be opened" in refused(tmp_path / "a.xls")


# --- text ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (",".join(f"c{number}" for number in range(20_000)) + "\n", "has 20,000 columns"),
        ("item,name\nA," + "x" * 100_000 + "\n", "The text has 100,000 characters"),
        ('item,name\nA,"' + "x" * 1_000_000 + '"\n', "more than 131,072 characters"),
        ("x" * 1_000_000, "The header row cannot be read"),
        ("x" * 15_000_000, "A line has more than 10 MB"),
    ],
    ids=["columns", "cell", "quoted cell", "header", "line"],
)
def test_text_has_an_end(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "item.csv").write_text(text, encoding="utf-8")
    assert message in refused(tmp_path / "item.csv")


def test_a_row_of_a_million_empty_values_is_cut_in_a_moment(tmp_path: Path) -> None:
    (tmp_path / "item.csv").write_text("item,name\nA,B" + "," * 1_000_000 + "\n", encoding="utf-8")
    assert read(tmp_path / "item.csv").frame.height == 1


def test_packed_text_is_unpacked_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_MOST_UNPACKED_BYTES", "1000000")
    (tmp_path / "item.csv.gz").write_bytes(gzip.compress(b"item\n" + b"A\n" * 1_000_000))
    assert "unpacks to more than" in refused(tmp_path / "item.csv.gz")
    damaged = bytearray(gzip.compress(b"item\n" + b"A\n" * 100))
    damaged[15] ^= 0xFF
    (tmp_path / "item.csv.gz").write_bytes(bytes(damaged))
    assert "cannot be unpacked" in refused(tmp_path / "item.csv.gz")


def test_an_encoding_that_unpacks_is_none(tmp_path: Path) -> None:
    (tmp_path / "item.csv").write_text("item\nA\n", encoding="utf-8")
    assert "There is no encoding zlib_codec" in refused(tmp_path / "item.csv", encoding="zlib_codec")


# --- Parquet ------------------------------------------------------------------------------------------------------------------


def test_parquet_that_claims_too_much_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pl.select(item=pl.repeat("A", 2_000_000)).lazy().sink_parquet(tmp_path / "a.parquet")
    assert (tmp_path / "a.parquet").stat().st_size < 20_000
    monkeypatch.setenv("EQUIPOISE_MOST_CELLS", "1000000")
    assert "2,000,000 rows of 1 columns" in refused(tmp_path / "a.parquet")
    pl.DataFrame({"item": ["A" * 40_000, "B"]}).write_parquet(tmp_path / "b.parquet")
    assert "40,000 characters" in refused(tmp_path / "b.parquet")
    monkeypatch.setenv("EQUIPOISE_MOST_COLUMNS", "5")
    pl.DataFrame({f"c{number}": [1] for number in range(6)}).write_parquet(tmp_path / "c.parquet")
    assert "has 6 columns" in refused(tmp_path / "c.parquet")


def test_damaged_parquet_is_a_fault_wherever_it_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "item.parquet"
    pl.DataFrame({"item": ["A", "B"] * 50, "unit_cost": [1.0, None] * 50}).write_parquet(path)
    good = path.read_bytes()
    for place in range(4, len(good), 17):
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xA5]) + good[place + 1 :])
        raw = read(path)  # a fault, or other values: never an exception
        assert raw.faults or raw.frame.height
