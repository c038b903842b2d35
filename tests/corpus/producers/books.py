"""Books: EPUB 2 and 3."""
from content import ALL, ASIA, EUROPE, html, markdown

from . import makes, office, pandoc


@makes("pandoc.epub")
def three(target, work):
    pandoc(markdown(), target, work)


@makes("pandoc-2.epub")
def two(target, work):
    pandoc(markdown(EUROPE), target, work, "-t", "epub2", "--toc")


@makes("pandoc-chapters.epub")
def chapters(target, work):
    text = "\n\n".join(f"# Chapter {n}\n\n{text}\n\n## Part\n\n{text}" for n, text in enumerate(ALL, 1))
    pandoc(f"---\ntitle: Chapters\n---\n\n{text}", target, work, "--split-level=2" if newer() else "--epub-chapter-level=2")


def newer():
    import subprocess

    words = subprocess.run(["pandoc", "--version"], capture_output=True, text=True, check=True).stdout.split()
    return tuple(map(int, words[1].split(".")[:2])) >= (3, 1)


def ebook(target, unlisted):
    from ebooklib import epub

    book = epub.EpubBook()
    book.set_identifier("id")
    book.set_title("A book")
    book.set_language("en")
    made = []
    for number, text in enumerate(ALL[:6], 1):
        chapter = epub.EpubHtml(title=f"Chapter {number}", file_name=f"text/chapter {number}.xhtml", lang="en")
        chapter.content = f"<h1>Chapter {number}</h1><p>{text}</p><p>A line<br/>break &amp; &#228; &nbsp;end</p><pre>  kept\n  as it is</pre><script>var x;</script><style>p {{}}</style>"
        book.add_item(chapter)
        made.append(chapter)
    book.toc = made
    book.add_item(epub.EpubNcx())
    book.add_item(epub.EpubNav())
    book.spine = made[::-1] if unlisted else ["nav", *made]
    epub.write_epub(str(target), book)


@makes("ebooklib.epub")
def by_ebooklib(target, work):
    ebook(target, unlisted=False)


@makes("ebooklib-backwards.epub")
def backwards(target, work):
    """The spine's order is not that of the archive."""
    ebook(target, unlisted=True)


@makes("libreoffice.epub")
def by_office(target, work):
    (work / "source.html").write_text(html(EUROPE + ASIA), encoding="utf-8")
    office(work / "source.html", work / "middle.odt", work, "writer8")
    office(work / "middle.odt", target, work, "EPUB")


@makes("by-hand.epub")
def by_hand(target, work):
    """Entities without a declaration, an encoding that is not UTF-8, tables and a percent-encoded name."""
    import zipfile

    with zipfile.ZipFile(target, "w") as package:
        package.writestr("mimetype", "application/epub+zip", zipfile.ZIP_STORED)
        package.writestr("META-INF/container.xml", '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>')
        package.writestr("book.opf", '<package xmlns="http://www.idpf.org/2007/opf" version="2.0"><manifest><item id="a" href="one%20two.html" media-type="application/xhtml+xml"/><item id="b" href="old.html" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/><itemref idref="b" linear="no"/></spine></package>')
        package.writestr("one two.html", "<html><body><h1>One &mdash; two</h1><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table><ul><li>x<li>y</ul></body></html>")
        package.writestr("old.html", '<?xml version="1.0" encoding="iso-8859-1"?><html><body><p>Gr\u00fc\u00dfe</p></body></html>'.encode("latin-1"))
