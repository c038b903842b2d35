"""Rich Text Format."""
from content import ASIA, EUROPE, RIGHT_TO_LEFT, RUSSIAN, html, markdown

from . import makes, office, pandoc
from .word import changes, layout, plain


@makes("pandoc.rtf")
def by_pandoc(target, work):
    pandoc(markdown(), target, work, "--standalone")


@makes("pandoc-asia.rtf")
def asia(target, work):
    pandoc(markdown(ASIA + RIGHT_TO_LEFT), target, work, "--standalone")


for _name, _maker in (("plain", plain), ("layout", layout), ("changes", changes)):

    @makes(f"libreoffice-{_name}.rtf")
    def by_office(target, work, maker=_maker):
        maker(work / "source.docx", work)
        office(work / "source.docx", target, work)


@makes("libreoffice-html.rtf")
def page(target, work):
    (work / "source.html").write_text(html(EUROPE), encoding="utf-8")
    office(work / "source.html", work / "middle.odt", work, "writer8")
    office(work / "middle.odt", target, work, "Rich Text Format")


@makes("pyrtf.rtf")
def by_pyrtf(target, work):
    import PyRTF

    document = PyRTF.Document()
    section = PyRTF.Section()
    document.Sections.append(section)
    section.append("A report")
    for text in EUROPE[:1]:
        section.append(text.replace("€", "EUR "))
    table = PyRTF.Table(PyRTF.TabPS.DEFAULT_WIDTH * 4, PyRTF.TabPS.DEFAULT_WIDTH * 4)
    table.AddRow(PyRTF.Cell("one"), PyRTF.Cell("two"))
    section.append(table)
    with open(target, "w", encoding="cp1252") as out:
        PyRTF.Renderer().Write(document, out)


def raw(name, text):
    @makes(name)
    def write(target, work):
        target.write_bytes(text)


def escaped(text, codec):
    return b"".join(b"\\'%02x" % byte if byte > 127 else bytes([byte]) for byte in text.encode(codec))


WORD = (
    rb"{\rtf1\ansi\ansicpg1252\uc1\deff0{\fonttbl{\f0\froman\fcharset0 Times;}{\f1\fcharset204 Arial Cyr;}{\f2\fcharset128 MS Mincho;}}"
    rb"{\colortbl;\red0\green0\blue0;}{\stylesheet{\s0 Normal;}}{\info{\title A title}{\author Ann}}\pard\plain Caf\'e9 \u8364? "
    rb"\u-10179?\u-8704? {\b bold}{\i italic}\par Tab\tab end\line new line\par{\f1 "
    + escaped(RUSSIAN, "cp1251") + rb"}\par{\f2 " + escaped("日本語", "cp932")
    + rb"}\par {\*\generator Word;}{\footnote A note.}{\field{\*\fldinst HYPERLINK https://example.org/}{\fldrslt a link}}"
    rb"\par \lquote q\rquote  \ldblquote d\rdblquote \emdash\endash\bullet\~x\_y\-z\par"
    rb"\trowd\cellx1000\cellx2000 a\cell b\cell\row\trowd c\cell d\cell\row\pard {\v hidden}{\deleted gone}seen\par "
    rb"{\header In the header}{\pict\pngblip 89504e47}{\pict\bin5 ab}cd}after\par\uc0\u228 \uc2\u228 ??x\par}"
)
raw("word-like.rtf", WORD)
raw("mac.rtf", rb"{\rtf1\mac\deff0{\fonttbl{\f0\fcharset77 Geneva;}}\f0 Z\'9frich \'a5 bullet\par}")
raw("wordpad.rtf", b"{\\rtf1\\ansi\\ansicpg1251\\deff0\\nouicompat{\\fonttbl{\\f0\\fnil\\fcharset204 Calibri;}}\r\n{\\*\\generator Riched20 10.0}\\viewkind4\\uc1 \r\n\\pard\\sa200\\f0\\fs22 " + escaped(RUSSIAN, "cp1251") + b"\\par\r\nsecond\\par\r\n}\r\n\0")
