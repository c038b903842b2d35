"""Documents that LibreOffice makes of a page with everything, as people save what they have from the web."""
from content import ASIA, EUROPE, html

from . import makes, office


for _ending, _filter in (("odt", "writer8"), ("docx", "MS Word 2007 XML"), ("rtf", "Rich Text Format"), ("pdf", "writer_pdf_Export")):

    @makes(f"libreoffice-page.{_ending}")
    def page(target, work, filtered=_filter):
        (work / "source.html").write_text(html(EUROPE + ASIA), encoding="utf-8")
        office(work / "source.html", work / "middle.odt", work, "writer8")
        if target.suffix == ".odt":
            (work / "middle.odt").rename(target)
        else:
            office(work / "middle.odt", target, work, filtered)
