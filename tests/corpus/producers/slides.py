"""Slides: pptx and odp."""
from content import ALL, ITEMS, ROWS, TITLE, markdown

from . import makes, office, pandoc


@makes("python-pptx.pptx")
def by_python_pptx(target, work):
    from pptx import Presentation
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches

    deck = Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text, slide.placeholders[1].text = TITLE, "A subtitle\nof two lines"
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Points"
    frame = slide.placeholders[1].text_frame
    frame.text = ITEMS[0]
    for level, item in enumerate(ITEMS[1:], 1):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = item, level
    slide.notes_slide.notes_text_frame.text = "Notes for the speaker."
    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Table and\vbreak"
    table = slide.shapes.add_table(len(ROWS), 3, Inches(1), Inches(2), Inches(6), Inches(2)).table
    for y, row in enumerate(ROWS):
        for x, value in enumerate(row):
            table.cell(y, x).text = value
    table.cell(1, 0).merge(table.cell(2, 0))
    group = slide.shapes.add_group_shape()
    for n, text in enumerate(ALL[:4]):
        box = group.shapes.add_textbox(Inches(1), Inches(4 + n), Inches(4), Inches(1))
        run = box.text_frame.paragraphs[0].add_run()
        run.text = text
        run.hyperlink.address = "https://example.org/"
    slide = deck.slides.add_slide(deck.slide_layouts[6])
    for n, text in enumerate(ALL):
        slide.shapes.add_textbox(Inches(1), Inches(n / 2), Inches(8), Inches(1)).text_frame.text = text
    data = CategoryChartData()
    data.categories = ["north", "south"]
    data.add_series("Sales", (12, 7))
    slide.shapes.add_chart(XL_CHART_TYPE.PIE, Inches(1), Inches(1), Inches(3), Inches(3), data)
    slide._element.set("show", "0")
    deck.slides.add_slide(deck.slide_layouts[6])
    deck.save(target)


@makes("python-pptx-moved.pptx")
def moved(target, work):
    """The order of slides is not that of their names."""
    from pptx import Presentation

    deck = Presentation()
    for number in range(12):
        slide = deck.slides.add_slide(deck.slide_layouts[1])
        slide.shapes.title.text = f"Made as number {number + 1}"
        slide.placeholders[1].text = ALL[number % len(ALL)]
    order = deck.slides._sldIdLst
    order.insert(0, order[-1])
    order.append(order[3])
    deck.save(target)


@makes("pandoc.pptx")
def by_pandoc(target, work):
    pandoc(markdown(), target, work)


@makes("pandoc-notes.pptx")
def with_notes(target, work):
    pandoc("# One\n\n- a\n- b\n\n::: notes\nSay this.\n:::\n\n# Two\n\n" + "\n\n".join(ALL), target, work)


@makes("odfpy.odp")
def by_odfpy(target, work):
    from odf.draw import Frame, Page, TextBox
    from odf.opendocument import OpenDocumentPresentation
    from odf.style import MasterPage, PageLayout
    from odf.text import P, List, ListItem

    document = OpenDocumentPresentation()
    layout = PageLayout(name="layout")
    document.automaticstyles.addElement(layout)
    document.masterstyles.addElement(MasterPage(name="master", pagelayoutname=layout))
    for title in (TITLE, "Second"):
        page = Page(masterpagename="master", name=title)
        document.presentation.addElement(page)
        frame = Frame(width="20cm", height="10cm", x="1cm", y="1cm")
        page.addElement(frame)
        box = TextBox()
        frame.addElement(box)
        for text in [title, *ALL]:
            box.addElement(P(text=text))
        points = List()
        for item in ITEMS:
            entry = ListItem()
            entry.addElement(P(text=item))
            points.addElement(entry)
        box.addElement(points)
    document.save(str(target))


for _name, _maker in (("python-pptx", by_python_pptx), ("moved", moved), ("pandoc", by_pandoc), ("notes", with_notes)):
    for _ending, _filter in (("odp", None), ("pptx", "Impress MS PowerPoint 2007 XML")):

        @makes(f"libreoffice-{_name}.{_ending}")
        def by_office(target, work, maker=_maker, filtered=_filter):
            maker(work / "source.pptx", work)
            office(work / "source.pptx", target, work, filtered)
