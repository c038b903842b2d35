"""Sheets: xlsx, xls and ods."""
import datetime
import decimal

from content import ALL, ROWS, TITLE

from . import makes, office

DATE = datetime.datetime(2024, 2, 29, 13, 5, 7)
VALUES = [
    ["text", "whole", "fraction", "big", "true", "date", "moment", "time", "formula", "percent"],
    ["ä€漢👍", 42, 1.5, 1e21, True, DATE.date(), DATE, DATE.time(), "=B2*2", 0.125],
    ["line\nbreak", -7, 0.1 + 0.2, 123456789012345678, False, datetime.date(1999, 12, 31), DATE, datetime.time(0, 0), "=1/0", 1],
    ["", 0, 1e-7, 1234567.891, True, None, None, None, '="a"&"b"', None],
    ["  spaces  ", None, None, None, None, None, None, None, None, "last"],
]


def names(workbook):
    return ["Values", "Übersicht & more", "Empty"]


@makes("openpyxl.xlsx")
def by_openpyxl(target, work):
    import openpyxl
    from openpyxl.comments import Comment

    workbook = openpyxl.Workbook()
    sheet = workbook.active
    sheet.title = "Values"
    for row in VALUES:
        sheet.append(row)
    sheet["J2"].number_format = "0.0%"
    sheet["A2"].comment = Comment("A comment", "Ann")
    sheet["A2"].hyperlink = "https://example.org/"
    other = workbook.create_sheet("Übersicht & more")
    for row in ROWS:
        other.append(row)
    other.merge_cells("A6:C7")
    other["A6"] = "merged"
    other["E10"] = "far away"
    workbook.create_sheet("Empty")
    hidden = workbook.create_sheet("Hidden")
    hidden.sheet_state = "hidden"
    hidden["B2"] = "hidden away"
    workbook.save(target)


@makes("openpyxl-writeonly.xlsx")
def streamed(target, work):
    import openpyxl

    workbook = openpyxl.Workbook(write_only=True)
    sheet = workbook.create_sheet("Many")
    for number in range(3000):
        sheet.append([number, f"row {number}", number / 7, number % 2 == 0, DATE + datetime.timedelta(hours=number)])
    workbook.save(target)


@makes("openpyxl-1904.xlsx")
def mac(target, work):
    import openpyxl
    from openpyxl.utils.datetime import CALENDAR_MAC_1904

    workbook = openpyxl.Workbook()
    workbook.epoch = CALENDAR_MAC_1904
    sheet = workbook.active
    sheet.append(["moment", DATE])
    sheet.append(["day", DATE.date()])
    sheet.append(["for so long", datetime.timedelta(days=1, hours=2, minutes=3)])
    for number, form in enumerate(["yyyy-mm-dd", "[h]:mm", "d. mmm", "General", "#,##0.00", "[$-407]d. mmmm yyyy", '"day" 0', "mm:ss.0"]):
        cell = sheet.cell(row=4 + number, column=2, value=44000.75)
        cell.number_format = form
        sheet.cell(row=4 + number, column=1, value=form)
    workbook.save(target)


def xlsxwriter_book(target, **options):
    import xlsxwriter

    workbook = xlsxwriter.Workbook(target, options)
    sheet = workbook.add_worksheet("Values")
    date = workbook.add_format({"num_format": "dd.mm.yyyy"})
    moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    time = workbook.add_format({"num_format": "hh:mm"})
    bold, italic = workbook.add_format({"bold": True}), workbook.add_format({"italic": True})
    results = {"=B2*2": 84, "=1/0": "#DIV/0!", '="a"&"b"': "ab"}
    for y, row in enumerate(VALUES):
        for x, value in enumerate(row):
            if isinstance(value, str) and value.startswith("="):
                sheet.write_formula(y, x, value, None, results[value])
            elif isinstance(value, datetime.datetime):
                sheet.write_datetime(y, x, value, moment)
            elif isinstance(value, datetime.date):
                sheet.write_datetime(y, x, value, date)
            elif isinstance(value, datetime.time):
                sheet.write_datetime(y, x, value, time)
            elif value is not None:
                sheet.write(y, x, value)
    sheet.write_rich_string(7, 0, "plain ", bold, "bold", " and ", italic, "italic")
    sheet.write_url(8, 0, "https://example.org/", string="a link")
    sheet.merge_range(9, 0, 10, 2, "merged")
    sheet.write_comment(0, 0, "a comment")
    sheet.write_array_formula("E12:E13", "{=B2:B3}", None, 42)
    sheet.write_formula(13, 0, "=TRUE()", None, True)
    sheet.write_blank(14, 14, None, bold)
    other = workbook.add_worksheet("Scripts")
    for y, text in enumerate(ALL):
        other.write_string(y, 1, text)
    workbook.add_chartsheet("Chart").set_chart(chart(workbook))
    hidden = workbook.add_worksheet("Hidden")
    hidden.very_hidden()
    hidden.write(0, 0, "very hidden")
    workbook.close()


def chart(workbook):
    drawn = workbook.add_chart({"type": "column"})
    drawn.add_series({"values": "=Values!$B$2:$B$3"})
    return drawn


@makes("xlsxwriter.xlsx")
def by_xlsxwriter(target, work):
    xlsxwriter_book(target)


@makes("xlsxwriter-1904.xlsx")
def writer_mac(target, work):
    xlsxwriter_book(target, date_1904=True)


@makes("xlsxwriter-inline.xlsx")
def inline(target, work):
    xlsxwriter_book(target, constant_memory=True)


@makes("pyexcelerate.xlsx")
def by_pyexcelerate(target, work):
    from pyexcelerate import Workbook

    workbook = Workbook()
    workbook.new_sheet("Fast", data=[[TITLE, 1, 1.5, DATE], *ROWS, *([text] for text in ALL)])
    workbook.save(str(target))


@makes("xlwt.xls")
def by_xlwt(target, work):
    import xlwt

    workbook = xlwt.Workbook(encoding="utf-8")
    sheet = workbook.add_sheet("Values")
    formats = {datetime.datetime: "yyyy-mm-dd hh:mm:ss", datetime.date: "dd.mm.yyyy", datetime.time: "hh:mm"}
    for y, row in enumerate(VALUES):
        for x, value in enumerate(row):
            if isinstance(value, str) and value.startswith("="):
                sheet.write(y, x, xlwt.Formula(value[1:]))
            elif type(value) in formats:
                sheet.write(y, x, value, xlwt.easyxf(num_format_str=formats[type(value)]))
            elif value is not None:
                sheet.write(y, x, value)
    sheet.write_merge(8, 9, 0, 2, "merged")
    other = workbook.add_sheet("Übersicht")
    for y, text in enumerate(ALL):
        other.write(y, 2, text)
    hidden = workbook.add_sheet("Hidden")
    hidden.visibility = 1
    hidden.write(0, 0, "hidden away")
    workbook.save(str(target))


@makes("xlwt-1904.xls")
def old_mac(target, work):
    """Days counted from 1904, rich text, and numbers in their short forms."""
    import xlwt

    workbook = xlwt.Workbook(encoding="utf-8")
    workbook.dates_1904 = True
    sheet = workbook.add_sheet("Moments")
    sheet.write(0, 0, DATE, xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss"))
    bold = xlwt.easyfont("bold on")
    sheet.write_rich_text(0, 1, ["plain ", ("bold", bold), " plain"])
    for y, number in enumerate([0, -1, 100, 0.01, 1 << 29, 1 << 30, 1e100, -2.5], 1):
        sheet.write(y, 0, number)
        sheet.write(y, 1, number, xlwt.easyxf(num_format_str="0.00%"))
    sheet.row(10).set_cell_boolean(0, True)
    sheet.row(10).set_cell_error(1, "#NUM!")
    for y, row in enumerate(ROWS, 12):
        for x, value in enumerate(row):
            sheet.write(y, x, value)
    workbook.add_sheet("Empty")
    workbook.save(str(target))


@makes("xlwt-large.xls")
def many(target, work):
    import xlwt

    workbook = xlwt.Workbook()
    sheet = workbook.add_sheet("Many")
    for number in range(4000):
        for x, value in enumerate((number, f"row {number} " + "x" * (number % 50), number / 7, decimal.Decimal(number))):
            sheet.write(number, x, value)
    workbook.save(str(target))


@makes("odfpy.ods")
def sheet_by_odfpy(target, work):
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import CoveredTableCell, Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    table = Table(name="Values")
    for row in ROWS:
        line = TableRow()
        for value in row:
            number = value.replace(".", "").isdigit()
            cell = TableCell(valuetype="float", value=value) if number else TableCell(valuetype="string")
            cell.addElement(P(text=value))
            line.addElement(cell)
        table.addElement(line)
    line = TableRow()
    joined = TableCell(valuetype="string", numbercolumnsspanned=2, numberrowsspanned=1)
    joined.addElement(P(text="joined"))
    joined.addElement(P(text="second paragraph"))
    line.addElement(joined)
    line.addElement(CoveredTableCell())
    line.addElement(TableCell(numbercolumnsrepeated=1000))
    table.addElement(line)
    repeated = TableRow(numberrowsrepeated=3)
    cell = TableCell(valuetype="string", numbercolumnsrepeated=2)
    cell.addElement(P(text="again"))
    repeated.addElement(cell)
    table.addElement(repeated)
    table.addElement(TableRow(numberrowsrepeated=1048000))
    document.spreadsheet.addElement(table)
    document.save(str(target))


@makes("odfpy-values.ods")
def values_by_odfpy(target, work):
    """Every type of value, shown in another way than it is stored."""
    from odf.opendocument import OpenDocumentSpreadsheet
    from odf.table import Table, TableCell, TableRow
    from odf.text import P

    document = OpenDocumentSpreadsheet()
    for name in ("Types", "Übersicht & more"):
        table = Table(name=name)
        for kind, shown in (
            ({"valuetype": "currency", "currency": "EUR", "value": "1234.5"}, "1.234,50 €"),
            ({"valuetype": "percentage", "value": "0.125"}, "12,5 %"),
            ({"valuetype": "date", "datevalue": "2024-02-29T13:05:07"}, "29.02.24 13:05"),
            ({"valuetype": "time", "timevalue": "PT26H03M00S"}, "26:03"),
            ({"valuetype": "boolean", "booleanvalue": "true"}, "WAHR"),
            ({"valuetype": "float", "value": "84", "formula": "of:=[.B1]*2"}, "84"),
            ({"valuetype": "string"}, ALL[0]),
        ):
            line = TableRow()
            label = TableCell(valuetype="string")
            label.addElement(P(text=kind["valuetype"]))
            line.addElement(label)
            cell = TableCell(**kind)
            cell.addElement(P(text=shown))
            line.addElement(cell)
            table.addElement(line)
        document.spreadsheet.addElement(table)
    document.save(str(target))


@makes("ezodf.ods")
def by_ezodf(target, work):
    import ezodf

    document = ezodf.newdoc(doctype="ods", filename=str(target))
    sheet = ezodf.Sheet("Scripts", size=(len(ALL), 3))
    document.sheets += sheet
    for y, text in enumerate(ALL):
        sheet[y, 0].set_value(text)
        sheet[y, 1].set_value(y * 1.5)
        sheet[y, 2].set_value(y % 2 == 0, "boolean") if y < 3 else None
    document.save()


for _name, _maker in (("openpyxl", by_openpyxl), ("xlsxwriter", by_xlsxwriter), ("many", streamed)):
    for _ending, _filter in (("ods", None), ("xlsx", "Calc MS Excel 2007 XML"), ("xls", "MS Excel 97")):

        @makes(f"libreoffice-{_name}.{_ending}")
        def by_office(target, work, maker=_maker, filtered=_filter):
            maker(work / "source.xlsx", work)
            office(work / "source.xlsx", target, work, filtered)


@makes("libreoffice-odfpy.xls")
def from_odfpy(target, work):
    values_by_odfpy(work / "source.ods", work)
    office(work / "source.ods", target, work, "MS Excel 97")


@makes("encrypted.xlsx")
def locked(target, work):
    """With a password; cannot be read."""
    from msoffcrypto.format.ooxml import OOXMLFile

    by_openpyxl(work / "plain.xlsx", work)
    with open(work / "plain.xlsx", "rb") as source, open(target, "wb") as out:
        OOXMLFile(source).encrypt("secret", out)
