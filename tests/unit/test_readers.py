import gzip
import zipfile
from pathlib import Path

import polars as pl
import pytest
import xlsxwriter  # type: ignore[import-untyped]
from hypothesis import given
from hypothesis import strategies as st

from equipoise.exchange.reader_text import read_text
from equipoise.exchange.readers import NOWHERE, files_of, read
from equipoise.gather.raw import Raw
from equipoise.gather.source import Data, Source, TableSource


def text_file(folder: Path, body: str | bytes, name: str = "item.csv", **options: object) -> Raw:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return read_text(path, name, Source("s", (name,), **options), None)  # type: ignore[arg-type]


def said(raw: Raw) -> str:
    return "\n".join(f"{fault.severity} {fault}" for fault in raw.faults)


def cells(raw: Raw) -> list[dict[str, object]]:
    return raw.frame.drop("#row", strict=False).to_dicts()


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_out(tmp_path: Path, delimiter: str) -> None:
    raw = text_file(tmp_path, f"item{delimiter}name\nA{delimiter}Alpha, red; or blue\n".replace(", red; or blue", ""))
    assert cells(raw) == [{"item": "A", "name": "Alpha"}]
    assert raw.delimiter == delimiter
    assert raw.faults == ()


def test_a_wrong_delimiter_is_named_with_the_right_one(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "item;quantity\nA;5\n", delimiter=",")
    assert "Read with comma as delimiter, the file has one column: 'item;quantity'. It looks separated by semicolon" in said(raw)
    assert "item.csv, row 1" in said(raw)


def test_excel_tells_its_delimiter(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "sep=;\nitem;name\nA;x\n")
    assert cells(raw) == [{"item": "A", "name": "x"}]
    assert raw.first_row == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_found_out(tmp_path: Path, encoding: str) -> None:
    raw = text_file(tmp_path, "item,name\nA,Größe\n".encode(encoding))
    assert cells(raw) == [{"item": "A", "name": "Größe"}]
    assert not any(fault.severity == "error" for fault in raw.faults)
    if encoding == "cp1252":
        assert "The file is not UTF-8; it was read as Windows-1252" in said(raw)


def test_a_wrong_or_unknown_encoding_is_named(tmp_path: Path) -> None:
    wrong = text_file(tmp_path, "item,name\nA,b\nB,Größe\n".encode("cp1252"), encoding="utf-8")
    assert "row 3: The file is not UTF-8 as the plan file says. Try `encoding: cp1252`" in said(wrong)
    unknown = text_file(tmp_path, "item\nA\n", encoding="klingon")
    assert "There is no encoding klingon." in said(unknown)
    binary = text_file(tmp_path, b"\x89PNG\x00\x01\x02" + bytes(range(1, 200)))
    assert "The file is not text." in said(binary)


@pytest.mark.parametrize("body", [b"", b"  \n\n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_an_error(tmp_path: Path, body: bytes) -> None:
    assert "The file is empty. Give a header row and data" in said(text_file(tmp_path, body))


def test_rows_that_do_not_fit_are_named_by_number(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "item,name,unit\nA,x,y\nB,x\nC,x,y,z\nD,x,y,,\n\nE,x,y\n")
    assert "item.csv, row 3: The row has 2 values, the header 3." in said(raw)
    assert "item.csv, row 4: The row has 4 values, the header 3." in said(raw)
    assert len(raw.faults) == 2
    assert raw.frame["item"].to_list() == ["A", "B", "C", "D", None, "E"]


def test_many_rows_that_do_not_fit_are_counted(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "item,name\n" + "A\n" * 50)
    assert len(raw.faults) == 21
    assert "30 more rows have too many or too few values." in said(raw)


def test_quotes_may_hold_delimiters_newlines_and_quotes(tmp_path: Path) -> None:
    raw = text_file(tmp_path, 'item,name\nA,"one, two"\nB,"line\nbreak"\nC,"say ""hi"""\n')
    assert [row["name"] for row in cells(raw)] == ["one, two", "line\nbreak", 'say "hi"']
    assert raw.faults == ()


def test_inches_are_no_quotes(tmp_path: Path) -> None:
    raw = text_file(tmp_path, 'item,name\nA,5" pipe\nB,"6"" pipe, long"\n')
    assert [row["name"] for row in cells(raw)] == ['5" pipe', '6" pipe, long']
    assert raw.faults == ()


def test_a_quote_that_never_closes_is_named(tmp_path: Path) -> None:
    raw = text_file(tmp_path, 'item,name\nA,x\nB,"open\nC,y\n')
    assert "item.csv, row 3: A quote opens in this row and is never closed." in said(raw)


def test_headers_are_checked(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "item,name,name\nA,b,c\n")
    assert "row 1, column name: Two columns are called name. Rename one of them." in said(raw)
    raw = text_file(tmp_path, "item,,unit\nA,b,c\n")
    assert "Columns without a name were left out: number 2." in said(raw)
    assert cells(raw) == [{"item": "A", "unit": "c"}]


def test_files_without_header_and_with_rows_above_are_read(tmp_path: Path) -> None:
    raw = text_file(tmp_path, "A\tx\r\nB\ty\r\n", "bill.tsv", header=("item", "name"))
    assert cells(raw) == [{"item": "A", "name": "x"}, {"item": "B", "name": "y"}]
    assert raw.first_row == 1
    raw = text_file(tmp_path, "Report of today\n\nitem,name\nA,x\n", skip_rows=2)
    assert cells(raw) == [{"item": "A", "name": "x"}]
    assert raw.first_row == 4


def test_old_line_ends_and_packed_files_are_read(tmp_path: Path) -> None:
    assert cells(text_file(tmp_path, b"item,name\rA,x\rB,y\r")) == [{"item": "A", "name": "x"}, {"item": "B", "name": "y"}]
    packed = text_file(tmp_path, gzip.compress(b"item,name\nA,x\n"), "item.csv.gz")
    assert cells(packed) == [{"item": "A", "name": "x"}]
    assert "The file cannot be unpacked" in said(text_file(tmp_path, b"no gzip", "item.csv.gz"))


def test_only_needed_columns_are_read_unless_one_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y,z\n1,2,3\n")
    assert read_text(path, "a.csv", Source("a", ("a.csv",)), frozenset({"z", "x"})).frame.columns == ["x", "z"]
    assert read_text(path, "a.csv", Source("a", ("a.csv",)), frozenset({"z", "w"})).frame.columns == ["x", "y", "z"]


word = (
    st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\u2028\u2029\x85"), min_size=1, max_size=8)
    .map(str.strip)
    .filter(bool)
)


@given(rows=st.lists(st.tuples(word, word), min_size=1, max_size=6))
def test_what_is_written_is_read(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    folder = tmp_path_factory.mktemp("csv")
    frame = pl.DataFrame(rows, schema=["item", "name"], orient="row")
    frame.write_csv(folder / "item.csv", quote_style="always")
    raw = read_text(folder / "item.csv", "item.csv", Source("s", ("item.csv",)), None)
    assert raw.frame.select("item", "name").rows() == rows
    assert raw.faults == ()


# --- Excel ------------------------------------------------------------------------------------------------------------------


def workbook(path: Path, sheets: dict[str, list[list[object]]], top: int = 0, left: int = 0) -> Path:
    book = xlsxwriter.Workbook(path)
    for name, rows in sheets.items():
        sheet = book.add_worksheet(name)
        for number, row in enumerate(rows, top):
            for column, value in enumerate(row, left):
                if isinstance(value, str) and value.startswith("#"):
                    sheet.write_formula(number, column, "=1/0", None, value)
                elif value is not None:
                    sheet.write(number, column, value)
    book.close()
    return path


def test_a_workbook_is_read_sheet_by_sheet(tmp_path: Path) -> None:
    workbook(tmp_path / "plan.xlsx", {"Item": [["item", "unit_cost"], ["007", 2.5]], "Notes": [["x"]], "market": [["market"], ["North"]]})
    found = read(Data("plan.xlsx", by_name=True), tmp_path)
    assert cells(found["item"][0]) == [{"item": "007", "unit_cost": "2.5"}]
    assert cells(found["market"][0]) == [{"market": "North"}]
    assert "plan.xlsx!Notes is not the name of a table and was not read." in said(found[NOWHERE][0])


def test_cells_with_excel_errors_are_named_one_by_one(tmp_path: Path) -> None:
    rows: list[list[object]] = [["item", "unit_cost"], ["A", 1], ["B", "#DIV/0!"], ["#REF!", 3]]
    workbook(tmp_path / "item.xlsx", {"item": rows}, top=2, left=1)
    (raw,) = read(Data(".", by_name=True), tmp_path)["item"]
    assert "item.xlsx!item, row 5, column unit_cost: Cell C5 holds the Excel error #DIV/0!." in said(raw)
    assert "item.xlsx!item, row 6, column item: Cell B6 holds the Excel error #REF!." in said(raw)
    assert raw.first_row == 4


def test_broken_empty_and_bloated_workbooks_are_refused(tmp_path: Path) -> None:
    (tmp_path / "item.xlsx").write_text("no workbook")
    assert "The file is not an Excel workbook." in said(read(Data(".", by_name=True), tmp_path)["item"][0])
    workbook(tmp_path / "item.xlsx", {"item": []})
    assert "The sheet is empty." in said(read(Data(".", by_name=True), tmp_path)["item"][0])
    with zipfile.ZipFile(tmp_path / "item.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * 60_000_000)
    assert "The workbook unpacks to 0.1 GB." in said(read(Data(".", by_name=True), tmp_path)["item"][0])


# --- what a plan names --------------------------------------------------------------------------------------------------------


def one(file: str | tuple[str, ...], **options: object) -> Data:
    source = Source("s", (file,) if isinstance(file, str) else file, **options)  # type: ignore[arg-type]
    return Data("", False, {"s": source}, {"item": (TableSource("item", "s"),)})


def test_missing_files_and_folders_name_the_nearest(tmp_path: Path) -> None:
    (tmp_path / "sales_2026.csv").write_text("item\nA\n")
    assert "There is no file sales_2062.csv. Did you mean sales_2026.csv?" in said(read(one("sales_2062.csv"), tmp_path)["s"][0])
    assert "does not exist either" in said(read(one("none/a.csv"), tmp_path)["s"][0])
    (tmp_path / "tables").mkdir()
    assert "There is no folder or workbook tabels. Did you mean tables?" in said(read(Data("tabels", by_name=True), tmp_path)[NOWHERE][0])
    assert "holds no table. Name files after tables" in said(read(Data("tables", by_name=True), tmp_path)[NOWHERE][0])
    assert "tables is a folder." in said(read(one("tables"), tmp_path)["s"][0])
    (tmp_path / "a.doc").write_text("x")
    assert "a.doc is of a kind that is not read." in said(read(one("a.doc"), tmp_path)["s"][0])
    assert "No file matches none_*.csv." in said(read(one("none_*.csv"), tmp_path)["s"][0])


def test_a_folder_is_read_by_name_and_strangers_are_warned_of(tmp_path: Path) -> None:
    (tmp_path / "Item.csv").write_text("item\nA\n")
    (tmp_path / "histroy.csv").write_text("item\nA\n")
    (tmp_path / "README.md").write_text("x")
    pl.DataFrame({"market": ["N"]}).write_parquet(tmp_path / "market.parquet")
    found = read(Data(".", by_name=True), tmp_path)
    assert cells(found["item"][0]) == [{"item": "A"}]
    assert cells(found["market"][0]) == [{"market": "N"}]
    assert "warning histroy.csv: histroy.csv is not the name of a table and was not read. Did you mean history?" in said(found[NOWHERE][0])
    (tmp_path / "market.csv").write_text("market\nN\n")
    twice = read(Data(".", by_name=True), tmp_path)["market"]
    assert "The table market is given twice, by market.csv and market.parquet." in said(twice[1])


def test_several_files_and_patterns_are_put_one_below_the_other(tmp_path: Path) -> None:
    for year in (2025, 2026):
        (tmp_path / f"sales_{year}.csv").write_text(f"item\n{year}\n")
    assert [raw.source for raw in read(one("sales_*.csv"), tmp_path)["s"]] == ["sales_2025.csv", "sales_2026.csv"]
    assert len(read(one(("sales_2025.csv", "sales_2026.csv")), tmp_path)["s"]) == 2
    assert [path.name for path in files_of(one("sales_*.csv"), tmp_path)] == ["sales_2025.csv", "sales_2026.csv"]
    assert [path.name for path in files_of(Data(".", by_name=True), tmp_path)] == ["sales_2025.csv", "sales_2026.csv"]


def test_damaged_parquet_and_missing_sheets_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_text("x")
    assert "a.parquet is not a Parquet file, or is damaged." in said(read(one("a.parquet"), tmp_path)["s"][0])
    workbook(tmp_path / "b.xlsx", {"Data": [["item"], ["A"]]})
    assert "The workbook has no sheet Dat. Did you mean Data?" in said(read(one("b.xlsx", sheet="Dat"), tmp_path)["s"][0])


def test_large_files_come_as_categories(tmp_path: Path) -> None:
    path = tmp_path / "history.csv"
    body = "".join(f"A{number % 50},N,2026-01-{number % 28 + 1:02d},{number}\n" for number in range(1000))
    path.write_text("item,market,period,quantity\n" + body * 501)
    frame = read_text(path, "history.csv", Source("s", ("history.csv",)), frozenset({"item", "quantity"})).frame
    assert frame.height == 501_000
    assert frame.schema["item"] == pl.Categorical
    assert frame["item"].cast(pl.String)[:3].to_list() == ["A0", "A1", "A2"]
