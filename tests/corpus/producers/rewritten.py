"""PDF that was written anew by other programs: encrypted, linearised, with object streams, with updates, damaged."""
from . import makes, run
from .pdfs import article, by_fpdf, reportlab_pages, tex


def source(work):
    made = work / "source.pdf"
    by_fpdf(made, work)
    return made


def qpdf(name, *options, status=0):
    @makes(name)
    def rewrite(target, work):
        run("qpdf", *options, source(work), target)


qpdf("qpdf-linearised.pdf", "--linearize", "--deterministic-id")
qpdf("qpdf-objects.pdf", "--object-streams=generate", "--deterministic-id")
qpdf("qpdf-plain.pdf", "--qdf", "--object-streams=disable", "--deterministic-id")
qpdf("qpdf-rc4-40.pdf", "--allow-weak-crypto", "--encrypt", "", "owner", "40", "--")
qpdf("qpdf-rc4-128.pdf", "--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=n", "--")
qpdf("qpdf-aes-128.pdf", "--allow-weak-crypto", "--encrypt", "", "owner", "128", "--use-aes=y", "--")
qpdf("qpdf-aes-256.pdf", "--encrypt", "", "owner", "256", "--")
qpdf("encrypted.pdf", "--encrypt", "secret", "owner", "256", "--")
qpdf("encrypted-rc4.pdf", "--allow-weak-crypto", "--encrypt", "secret", "owner", "128", "--use-aes=n", "--")


@makes("qpdf-pages.pdf")
def pages(target, work):
    run("qpdf", "--deterministic-id", source(work), "--pages", ".", "2,1,2", "--", target)


@makes("pikepdf-rewritten.pdf")
def rewritten(target, work):
    import pikepdf

    tex(work / "tex.pdf", work, article(r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}"))
    with pikepdf.open(work / "tex.pdf") as paper:
        paper.pages[0].contents_coalesce()
        paper.pages.append(paper.pages[0])
        paper.pages[-1].Rotate = 180
        paper.save(target, object_stream_mode=pikepdf.ObjectStreamMode.generate, deterministic_id=True)


@makes("pikepdf-filters.pdf")
def filters(target, work):
    """Contents in ASCII85 over LZW-like chains, in several streams that cut a word of the language."""
    import base64
    import zlib

    import pikepdf

    with pikepdf.new() as paper:
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica, Encoding=pikepdf.Dictionary(
            BaseEncoding=pikepdf.Name.WinAnsiEncoding, Differences=[1, pikepdf.Name.fi, pikepdf.Name.Adieresis, pikepdf.Name("/uni20AC"), pikepdf.Name.a]))
        page = paper.add_blank_page(page_size=(600, 800))
        page.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=paper.make_indirect(font)))
        first = b"BT /F1 12 Tf 72 700 Td (from ASCII85 over Flate) Tj 0 -20 Td (\\001nd \\002pfel \\003) Tj ET"
        second = b"BT /F1 12 Tf 72 600 Td <48657820737472696e67> Tj 0 -20 Td [(ker) -20 (ned) -600 (words) 1200 (back)] TJ T* (next) ' ET BI /W 1 /H 1 /BPC 8 /CS /G ID \xff EI"
        third = b"BT /F1 12 Tf 1 0 0 1 72 500 Tm (\\(paren\\) \\\\ \\101 line\\\ncontinued) Tj /Span << /ActualText <FEFF006100630074> >> BDC (xyz) Tj EMC ET"
        streams = [paper.make_stream(base64.a85encode(zlib.compress(first)) + b"~>"), paper.make_stream(second.hex().encode() + b">"), paper.make_stream(third)]
        streams[0].Filter = [pikepdf.Name.ASCII85Decode, pikepdf.Name.FlateDecode]
        streams[1].Filter = pikepdf.Name.ASCIIHexDecode
        page.Contents = paper.make_indirect(pikepdf.Array(streams))
        paper.save(target, stream_decode_level=pikepdf.StreamDecodeLevel.none, compress_streams=False, deterministic_id=True)


@makes("updated.pdf")
def updated(target, work):
    """A change appended to the end, as programs do that save quickly."""
    import re

    reportlab_pages(work / "base.pdf", pageCompression=0)
    data = (work / "base.pdf").read_bytes()
    start = int(re.findall(rb"startxref\s+(\d+)", data)[-1])
    size = int(re.findall(rb"/Size (\d+)", data)[-1])
    root = re.findall(rb"/Root (\d+ 0 R)", data)[-1]
    match = re.search(rb"(\d+) 0 obj\s*<<\s*/Length (\d+)\s*>>\s*stream\r?\n", data)
    number, body = int(match.group(1)), b"BT /F1 12 Tf 72 700 Td (the page was replaced by an update) Tj ET"
    at = len(data)
    data += b"%d 0 obj\n<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (number, len(body), body)
    table = len(data)
    data += b"xref\n%d 1\n%010d 00000 n \ntrailer\n<< /Size %d /Root %s /Prev %d >>\nstartxref\n%d\n%%%%EOF\n" % (number, at, size, root, start, table)
    target.write_bytes(data)


@makes("broken-xref.pdf")
def broken(target, work):
    """The table of objects is wrong; readers look for the objects themselves."""
    reportlab_pages(work / "base.pdf")
    data = (work / "base.pdf").read_bytes()
    target.write_bytes(b"rubbish before\n" + data.replace(b"startxref\n", b"startxref\n9"))


@makes("cut-off.pdf")
def cut(target, work):
    """The end is missing, with the table in it."""
    reportlab_pages(work / "base.pdf")
    data = (work / "base.pdf").read_bytes()
    target.write_bytes(data[: data.rindex(b"xref\n", 0, data.rindex(b"startxref"))])
