"""PDF by TeX, browsers, office programs and libraries."""
from content import ALL, ASIA, EUROPE, FOOTNOTE, GERMAN, INTRO, ITEMS, LATIN, LIGATURES, LONG, ROWS, TITLE, html

from . import makes, office, run
from .sheets import by_openpyxl
from .slides import by_python_pptx
from .word import layout, plain

DROID = "/usr/share/fonts/truetype/droid/DroidSansFallbackFull.ttf"
DEJAVU = "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"


def tex(target, work, text, engine="pdflatex"):
    (work / "source.tex").write_text(text, encoding="utf-8")
    for _ in range(2):
        run(engine, "-interaction=nonstopmode", "-halt-on-error", "source.tex", cwd=work, FORCE_SOURCE_DATE="1")
    (work / "source.pdf").rename(target)


ARTICLE = r"""
\tableofcontents
\section{Introduction} INTRO \textbf{bold}\emph{emphasis}\footnote{FOOTNOTE} LIGATURES
GERMAN
\section{A list}\begin{itemize}ITEMS\end{itemize}
\section{Mathematics} Inline $e^{i\pi}+1=0$ and \[ \int_0^1 x^2\,dx = \frac{1}{3} \sum_{k=1}^{n} \alpha_k \]
\section{A table}\begin{tabular}{lrr}ROWS\end{tabular}
\section{Long} LONG \verb|verbatim {text}|
"""


def article(head, german=r"\"Uberm\"a\ss ige Gr\"o\ss e, na\"\i ve fa\c cade, \L\'od\'z, \v{C}esky, \o re."):
    text = ARTICLE.replace("INTRO", INTRO.replace("%", r"\%").replace("€", "EUR ")).replace("FOOTNOTE", FOOTNOTE)
    text = text.replace("LIGATURES", LIGATURES).replace("GERMAN", german).replace("LONG", LONG * 8)
    text = text.replace("ITEMS", "".join(rf"\item {item} " for item in ITEMS))
    text = text.replace("ROWS", r" \\ ".join(" & ".join(row) for row in ROWS).replace("Ü", r'\"U'))
    return head + r"\begin{document}\title{A paper}\author{Ann}\date{2024}\maketitle" + text + r"\end{document}"


@makes("pdflatex-ot1.pdf")
def old_encoding(target, work):
    """Type 1 fonts in their own encoding, accents put over letters."""
    tex(target, work, article(r"\documentclass{article}"))


@makes("pdflatex-t1.pdf")
def new_encoding(target, work):
    tex(target, work, article(r"\documentclass{article}\usepackage[T1]{fontenc}\usepackage{lmodern}\usepackage[utf8]{inputenc}\usepackage{hyperref}"))


@makes("pdflatex-columns.pdf")
def columns(target, work):
    tex(target, work, article(r"\documentclass[twocolumn,9pt]{article}\usepackage[T1]{fontenc}\usepackage{lmodern}"))


@makes("pdflatex-uncompressed.pdf")
def uncompressed(target, work):
    tex(target, work, article(r"\documentclass{article}\pdfcompresslevel=0\pdfobjcompresslevel=0"))


@makes("xelatex.pdf")
def xelatex(target, work):
    """OpenType fonts by glyph number."""
    head = r"\documentclass{article}\usepackage{fontspec}\setmainfont{DejaVu Serif}\newfontfamily\asia{Droid Sans Fallback}"
    text = GERMAN + "\n\n" + "\n\n".join(EUROPE[2:5]) + r"\par{\asia " + r"\par ".join(ASIA) + "}"
    tex(target, work, article(head, text), "xelatex")


def chromium(page, target, work):
    (work / "page.html").write_text(page, encoding="utf-8")
    run(
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/profile",
        "--no-pdf-header-footer", f"--print-to-pdf={target}", f"file://{work}/page.html",
    )


@makes("chromium.pdf")
def browser(target, work):
    chromium(html(), target, work)


@makes("chromium-columns.pdf")
def browser_columns(target, work):
    style = "<style>body{columns:2}h1{transform:rotate(-2deg)}b{letter-spacing:4px}p{text-align:justify}</style>"
    chromium(html(EUROPE * 3).replace("</head>", style + "</head>"), target, work)


@makes("weasyprint.pdf")
def by_weasyprint(target, work):
    import weasyprint

    weasyprint.HTML(string=html()).write_pdf(target)


@makes("xhtml2pdf.pdf")
def by_xhtml2pdf(target, work):
    from xhtml2pdf import pisa

    with open(target, "wb") as out:
        pisa.CreatePDF(html(LATIN), dest=out)


def reportlab_pages(target, **options):
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfbase.ttfonts import TTFont
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(target), invariant=1, **options)
    canvas.setFont("Helvetica", 12)
    for n, text in enumerate(LATIN):
        canvas.drawString(72, 760 - 20 * n, text)
    canvas.setFont("Times-Roman", 11)
    spaced = canvas.beginText(72, 650)
    spaced.setCharSpace(3)
    spaced.textLine("letters set apart")
    spaced.setCharSpace(0)
    spaced.setWordSpace(20)
    spaced.textLine("words set apart")
    spaced.setHorizScale(50)
    spaced.textLine("narrow letters here")
    canvas.drawText(spaced)
    canvas.saveState()
    canvas.translate(300, 500)
    canvas.rotate(90)
    canvas.drawString(0, 0, "turned by ninety degrees")
    canvas.restoreState()
    canvas.setFont("Symbol", 12)
    canvas.drawString(72, 480, "αβγ")
    canvas.showPage()
    pdfmetrics.registerFont(TTFont("DejaVu", DEJAVU))
    canvas.setFont("DejaVu", 12)
    for n, text in enumerate(EUROPE):
        canvas.drawString(72, 760 - 20 * n, text)
    canvas.drawString(400, 500, "right column")
    canvas.drawString(72, 500, "left column, drawn later")
    canvas.showPage()
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    pdfmetrics.registerFont(UnicodeCIDFont("HYSMyeongJo-Medium"))
    for n, (font, text) in enumerate(zip(("STSong-Light", "HeiseiMin-W3", "HYSMyeongJo-Medium"), ASIA)):
        canvas.setFont(font, 12)
        canvas.drawString(72, 760 - 20 * n, text)
    canvas.setPageRotation(90)
    canvas.showPage()
    canvas.save()


@makes("reportlab.pdf")
def by_reportlab(target, work):
    """The fonts that every reader has, TrueType subsets, and Asian fonts by predefined CMaps."""
    reportlab_pages(target)


@makes("reportlab-form.pdf")
def forms(target, work):
    from reportlab.pdfgen.canvas import Canvas

    canvas = Canvas(str(target), invariant=1)
    canvas.beginForm("stamp")
    canvas.drawString(0, 0, "inside a form")
    canvas.endForm()
    for y in (700, 600):
        canvas.saveState()
        canvas.translate(72, y)
        canvas.doForm("stamp")
        canvas.restoreState()
    canvas.acroForm.textfield(name="field", value="a field's value", x=72, y=500, width=200, height=20)
    canvas.bookmarkPage("top")
    canvas.addOutlineEntry("Top", "top")
    canvas.showPage()
    canvas.showPage()
    canvas.drawString(72, 700, "after a page without text")
    canvas.save()


@makes("reportlab-flow.pdf")
def flow(target, work):
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import ListFlowable, Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()
    story = [Paragraph(TITLE, style["Title"]), *(Paragraph(text, style["Normal"]) for text in LATIN)]
    story += [ListFlowable([Paragraph(item, style["Normal"]) for item in ITEMS]), Table(ROWS), Paragraph(LONG * 40, style["BodyText"])]
    SimpleDocTemplate(str(target), invariant=1).build(story)


@makes("fpdf2.pdf")
def by_fpdf(target, work):
    import fpdf

    paper = fpdf.FPDF()
    paper.add_page()
    paper.add_font("DejaVu", fname=DEJAVU)
    paper.add_font("Droid", fname=DROID)
    paper.set_font("DejaVu", size=12)
    for text in EUROPE:
        paper.multi_cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
    paper.set_font("Droid", size=12)
    for text in ASIA:
        paper.cell(0, 8, text, new_x="LMARGIN", new_y="NEXT")
    paper.set_font("helvetica", size=10)
    with paper.table() as table:
        for row in ROWS:
            table.row(row)
    paper.add_page()
    paper.write_html(f"<h1>{TITLE}</h1><p>{LONG}</p>")
    paper.output(str(target))


def drawn(target, **settings):
    import matplotlib

    matplotlib.use("pdf")
    from matplotlib import pyplot

    with matplotlib.rc_context(settings):
        figure, axes = pyplot.subplots()
        axes.plot([1, 2, 3], [3, 1, 2], label="Größe")
        axes.set_title(INTRO[:40])
        axes.set_xlabel("Ελληνικό x")
        axes.legend()
        figure.savefig(target, metadata={"CreationDate": None})
        pyplot.close(figure)


@makes("matplotlib-type3.pdf")
def type3(target, work):
    drawn(target)


@makes("matplotlib-type42.pdf")
def type42(target, work):
    drawn(target, **{"pdf.fonttype": 42})


@makes("libreoffice-writer.pdf")
def writer(target, work):
    layout(work / "source.docx", work)
    office(work / "source.docx", target, work)


@makes("libreoffice-scripts.pdf")
def scripts(target, work):
    plain(work / "source.docx", work)
    office(work / "source.docx", target, work)


@makes("libreoffice-calc.pdf")
def calc(target, work):
    by_openpyxl(work / "source.xlsx", work)
    office(work / "source.xlsx", target, work)


@makes("libreoffice-impress.pdf")
def impress(target, work):
    by_python_pptx(work / "source.pptx", work)
    office(work / "source.pptx", target, work)
