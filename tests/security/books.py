"""Workbooks made by hand: what no spreadsheet program would write."""

import zipfile
from collections.abc import Iterable
from pathlib import Path

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_LINKS = '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
BEGIN = f'<?xml version="1.0"?><worksheet {_MAIN}><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>item</t></is></c></row>'
END = "</sheetData></worksheet>"


def book(path: Path, rows: str, shared: Iterable[str] = (), more: Iterable[tuple[str, str]] = (), sheet: str = "") -> Path:
    """Write a workbook with one sheet `item`: a heading and `rows`, or all of `sheet`; `shared` are its shared texts."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _LINKS.format(f'<Relationship Id="r1" Type="{_LINK}/officeDocument" Target="xl/workbook.xml"/>'))
        named = '<sheets><sheet name="item" sheetId="1" r:id="r1"/></sheets></workbook>'
        archive.writestr("xl/workbook.xml", f'<?xml version="1.0"?><workbook {_MAIN} xmlns:r="{_LINK}">{named}')
        links = f'<Relationship Id="r1" Type="{_LINK}/worksheet" Target="worksheets/sheet1.xml"/>'
        links += f'<Relationship Id="r2" Type="{_LINK}/sharedStrings" Target="sharedStrings.xml"/>'
        archive.writestr("xl/_rels/workbook.xml.rels", _LINKS.format(links))
        archive.writestr("xl/worksheets/sheet1.xml", sheet or BEGIN + rows + END)
        items = "".join(f"<si><t>{text}</t></si>" for text in shared)
        archive.writestr("xl/sharedStrings.xml", f'<?xml version="1.0"?><sst {_MAIN}>{items}</sst>')
        for name, text in more:
            archive.writestr(name, text)
    return path
