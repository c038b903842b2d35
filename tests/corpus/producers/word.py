"""Word documents, and text of OpenDocument."""
import copy

from content import ALL, ASIA, EUROPE, FOOTNOTE, HEBREW, INTRO, ITEMS, LONG, RIGHT_TO_LEFT, ROWS, TITLE, html, markdown

from . import makes, office, pandoc


def filled(paragraphs):
    import docx

    document = docx.Document()
    document.add_heading(TITLE, 0)
    for text in paragraphs:
        document.add_paragraph(text)
    for item in ITEMS:
        document.add_paragraph(item, style="List Bullet")
    table = document.add_table(rows=0, cols=3)
    for row in ROWS:
        for cell, text in zip(table.add_row().cells, row):
            cell.text = text
    document.add_paragraph("The end.")
    return document


@makes("python-docx-plain.docx")
def plain(target, work):
    filled(ALL).save(target)


@makes("python-docx-layout.docx")
def layout(target, work):
    from docx.enum.text import WD_BREAK

    document = filled(EUROPE)
    document.sections[0].header.paragraphs[0].text = "Header text"
    document.sections[0].footer.paragraphs[0].text = "Footer text"
    paragraph = document.add_paragraph("One line")
    paragraph.add_run().add_break()
    paragraph.add_run("and another\tafter a tab")
    paragraph.add_run().add_break(WD_BREAK.PAGE)
    paragraph.add_run("after a page break")
    table = document.add_table(rows=3, cols=3)
    table.cell(0, 0).merge(table.cell(0, 1)).text = "merged across"
    table.cell(1, 2).merge(table.cell(2, 2)).text = "merged down"
    inner = table.cell(1, 0).add_table(rows=2, cols=2)
    inner.cell(0, 0).text, inner.cell(1, 1).text = "inner one", "inner four"
    table.cell(2, 0).text = "first paragraph"
    table.cell(2, 0).add_paragraph("second paragraph")
    document.add_comment(paragraph.runs, text="A comment", author="Ann")
    document.save(target)


BODY = """<w:p {ns}><w:r><w:t xml:space="preserve">Before </w:t></w:r><w:ins w:id="1" w:author="Ann"><w:r><w:t>inserted</w:t></w:r></w:ins>
<w:del w:id="2" w:author="Bob"><w:r><w:delText>deleted</w:delText></w:r></w:del><w:r><w:t xml:space="preserve"> after.</w:t></w:r></w:p>
<w:p {ns}><w:moveFrom w:id="3" w:author="Bob"><w:r><w:t>moved away</w:t></w:r></w:moveFrom></w:p>
<w:p {ns}><w:moveTo w:id="4" w:author="Bob"><w:r><w:t>moved here</w:t></w:r></w:moveTo></w:p>
<w:p {ns}><w:r><w:t xml:space="preserve">A field: </w:t></w:r><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>
<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>42</w:t></w:r><w:r><w:fldChar w:fldCharType="end"/></w:r>
<w:fldSimple w:instr="DATE"><w:r><w:t>a simple field</w:t></w:r></w:fldSimple></w:p>
<w:p {ns}><w:hyperlink w:anchor="x"><w:r><w:t>a link inside</w:t></w:r></w:hyperlink><w:smartTag w:uri="u" w:element="e"><w:r><w:t xml:space="preserve"> a smart tag</w:t></w:r></w:smartTag></w:p>
<w:sdt {ns}><w:sdtContent><w:p><w:r><w:t>a block content control</w:t></w:r></w:p></w:sdtContent></w:sdt>
<w:p {ns}><w:r><w:t>an inline </w:t></w:r><w:sdt><w:sdtContent><w:r><w:t>content control</w:t></w:r></w:sdtContent></w:sdt></w:p>
<w:p {ns}><w:r><w:t>non</w:t><w:noBreakHyphen/><w:t>breaking, soft</w:t><w:softHyphen/><w:t>hyphen, symbol </w:t><w:sym w:font="Wingdings" w:char="F04A"/><w:ptab w:relativeTo="margin" w:alignment="right" w:leader="none"/><w:t>after a tab</w:t></w:r></w:p>
<w:p {ns}><w:r><mc:AlternateContent><mc:Choice Requires="wps"><w:drawing><wp:inline><a:graphic><a:graphicData uri="x"><wps:wsp><wps:txbx><w:txbxContent><w:p><w:r><w:t>in a text box</w:t></w:r></w:p></w:txbxContent></wps:txbx></wps:wsp></a:graphicData></a:graphic></wp:inline></w:drawing></mc:Choice>
<mc:Fallback><w:pict><v:shape><v:textbox><w:txbxContent><w:p><w:r><w:t>in a text box</w:t></w:r></w:p></w:txbxContent></v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>
<w:p {ns}><m:oMath><m:r><m:t>E=m</m:t></m:r><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r><m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath></w:p>
<w:p {ns}><w:pPr><w:rPr><w:del w:id="9" w:author="Bob"/></w:rPr></w:pPr><w:r><w:t>The mark of this paragraph is deleted,</w:t></w:r></w:p>
<w:p {ns}><w:r><w:t xml:space="preserve"> so it goes on here.</w:t></w:r></w:p>
<w:p {ns}><w:r><w:rPr><w:vanish/></w:rPr><w:t>hidden text</w:t></w:r><w:r><w:t>seen text</w:t></w:r></w:p>
<w:p {ns}><w:r><w:rPr><w:rtl/></w:rPr><w:t>HEBREW</w:t></w:r><w:r><w:ruby><w:rt><w:r><w:t>とう</w:t></w:r></w:rt><w:rubyBase><w:r><w:t>東</w:t></w:r></w:rubyBase></w:ruby></w:r></w:p>"""
SPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "w": "http://schemas.openxmlformats.org/wordprocessingml/2006/main",
        "m": "http://schemas.openxmlformats.org/officeDocument/2006/math",
        "mc": "http://schemas.openxmlformats.org/markup-compatibility/2006",
        "wps": "http://schemas.microsoft.com/office/word/2010/wordprocessingShape",
        "wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
        "a": "http://schemas.openxmlformats.org/drawingml/2006/main",
        "v": "urn:schemas-microsoft-com:vml",
    }.items()
)


@makes("python-docx-changes.docx")
def changes(target, work):
    """What Word writes and python-docx has no words for."""
    from lxml import etree

    document = filled([INTRO])
    root = etree.fromstring("<x>" + BODY.replace("{ns}", SPACES).replace("HEBREW", HEBREW) + "</x>")
    last = document.element.body[-1]
    for part in list(root):
        last.addprevious(part)
    # A row that was deleted and one that was inserted, with the changes tracked.
    table = document.tables[0]
    for kind, row in (("del", 1), ("ins", 2)):
        properties = table.rows[row]._tr.get_or_add_trPr()
        properties.append(etree.fromstring(f'<w:{kind} {SPACES} w:id="{row + 20}" w:author="Bob"/>'))
    document.save(target)


@makes("docxtpl.docx")
def template(target, work):
    import docx
    from docxtpl import DocxTemplate

    document = docx.Document()
    document.add_heading("{{ title }}", 1)
    document.add_paragraph("{% for text in paragraphs %}{{ text }}\n{% endfor %}")
    document.save(work / "template.docx")
    template = DocxTemplate(work / "template.docx")
    template.render({"title": TITLE, "paragraphs": EUROPE + ASIA}, autoescape=True)
    template.save(target)


@makes("htmldocx.docx")
def from_html(target, work):
    import docx
    from htmldocx import HtmlToDocx

    document = docx.Document()
    HtmlToDocx().add_html_to_document(html(), document)
    document.save(target)


@makes("pandoc.docx")
def by_pandoc(target, work):
    pandoc(markdown(), target, work)


@makes("pandoc-toc.docx")
def with_contents(target, work):
    pandoc(markdown(RIGHT_TO_LEFT + ASIA), target, work, "--toc", "--number-sections")


@makes("large.docx")
def large(target, work):
    document = filled(ALL)
    model = document.paragraphs[1]._p
    for number in range(2000):
        twin = copy.deepcopy(model)
        model.addnext(twin)
    document.add_paragraph(LONG * 50)
    document.save(target)


@makes("pandoc.odt")
def text_by_pandoc(target, work):
    pandoc(markdown(), target, work)


@makes("odfpy.odt")
def by_odfpy(target, work):
    from odf import text
    from odf.opendocument import OpenDocumentText
    from odf.table import Table, TableCell, TableColumn, TableRow

    document = OpenDocumentText()
    document.text.addElement(text.H(outlinelevel=1, text=TITLE))
    for paragraph in ALL:
        document.text.addElement(text.P(text=paragraph))
    items = text.List()
    for item in ITEMS:
        entry = text.ListItem()
        entry.addElement(text.P(text=item))
        items.addElement(entry)
    document.text.addElement(items)
    table = Table(name="t")
    table.addElement(TableColumn(numbercolumnsrepeated=3))
    for row in ROWS:
        line = TableRow()
        for value in row:
            cell = TableCell()
            cell.addElement(text.P(text=value))
            line.addElement(cell)
        table.addElement(line)
    document.text.addElement(table)
    noted = text.P(text="With a note")
    note = text.Note(id="n", noteclass="footnote")
    note.addElement(text.NoteCitation(text="1"))
    body = text.NoteBody()
    body.addElement(text.P(text=FOOTNOTE))
    note.addElement(body)
    noted.addElement(note)
    for part in (text.S(c=3), text.Tab(), text.LineBreak()):
        noted.addElement(part)
    noted.addElement(text.A(href="https://example.org/", text="a link"))
    document.text.addElement(noted)
    document.save(str(target))


for _name, _source in (("plain", plain), ("layout", layout), ("changes", changes), ("html", from_html)):
    for _ending in ("odt", "docx"):

        @makes(f"libreoffice-{_name}.{_ending}")
        def by_office(target, work, maker=_source):
            maker(work / "source.docx", work)
            office(work / "source.docx", target, work, "MS Word 2007 XML" if target.suffix == ".docx" else None)


@makes("encrypted.docx")
def locked(target, work):
    """With a password; cannot be read."""
    from msoffcrypto.format.ooxml import OOXMLFile

    plain(work / "plain.docx", work)
    with open(work / "plain.docx", "rb") as source, open(target, "wb") as out:
        OOXMLFile(source).encrypt("secret", out)


@makes("encrypted.odt")
def sealed(target, work):
    """As LibreOffice seals it: the manifest tells how, and what is inside is noise."""
    import hashlib
    import zipfile

    name = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"
    data = "".join(
        f'<manifest:file-entry manifest:full-path="{part}" manifest:media-type="text/xml" manifest:size="1000">'
        '<manifest:encryption-data manifest:checksum-type="SHA256/1K" manifest:checksum="AAAA">'
        '<manifest:algorithm manifest:algorithm-name="http://www.w3.org/2001/04/xmlenc#aes256-cbc" manifest:initialisation-vector="AAAA"/>'
        '<manifest:key-derivation manifest:key-derivation-name="PBKDF2" manifest:iteration-count="100000" manifest:salt="AAAA"/>'
        "</manifest:encryption-data></manifest:file-entry>"
        for part in ("content.xml", "styles.xml")
    )
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(32))
    with zipfile.ZipFile(target, "w") as package:
        package.writestr(zipfile.ZipInfo("mimetype"), "application/vnd.oasis.opendocument.text")
        for part in ("content.xml", "styles.xml"):
            package.writestr(zipfile.ZipInfo(part), noise)
        package.writestr(zipfile.ZipInfo("META-INF/manifest.xml"), f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{name}">{data}</manifest:manifest>')
