"""The words that the documents of the corpus are made of: many scripts, and what programs like to get wrong."""

TITLE = "Quarterly report"
INTRO = "The first quarter went well: sales rose by 12.5 % to €1,234,567.89, and costs fell."
GERMAN = "Übermäßige Größe: Straße, Äpfel, Öl und „Anführungszeichen“ – naïve façade."
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy."
GREEK = "Ελληνικό κείμενο με τόνους."
RUSSIAN = "Съешь ещё этих мягких французских булок."
CHINESE = "这是一个中文句子，用于测试。"
JAPANESE = "日本語のテキストです。カタカナとひらがな。"
KOREAN = "한국어 문장입니다."
HEBREW = "שלום עולם, זה טקסט."
ARABIC = "مرحبا بالعالم، هذا نص."
EMOJI = "Thumbs up 👍 and a family 👩‍👩‍👧, flag 🇩🇪."
LIGATURES = "An efficient office offers fluffy waffles, and affluent baffled flies fight."
SYMBOLS = "Arrows → ←, maths ≤ ≥ ≠ ∑, fractions ½ ¾, dashes – and —, dots …, soft\u00adhyphen, no-break\u00a0space."
LATIN = [INTRO, GERMAN, LIGATURES]
EUROPE = [INTRO, GERMAN, CZECH, GREEK, RUSSIAN, LIGATURES]
ASIA = [CHINESE, JAPANESE, KOREAN]
RIGHT_TO_LEFT = [HEBREW, ARABIC]
ALL = EUROPE + ASIA + RIGHT_TO_LEFT + [EMOJI, SYMBOLS]

ITEMS = ["first point", "second point with a, b and c", "third point"]
ROWS = [["Region", "Units", "Price"], ["North", "12", "3.50"], ["South", "7", "10.00"], ["Übersee", "100", "0.99"]]
FOOTNOTE = "A footnote says what the text does not."
LONG = (
    "Paragraphs of some length are broken into lines by whoever lays out the page, and a reader of the file has to "
    "put them together again, word by word, without losing the space between two lines and without adding one where "
    "a word was divided. "
)


def html(paragraphs=ALL, title=TITLE):
    """A page with headings, lists, a table and links."""
    body = "".join(f"<p>{text}</p>" for text in paragraphs)
    items = "".join(f"<li>{item}</li>" for item in ITEMS)
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in ROWS)
    return (
        f"<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>{title}</title></head><body>"
        f"<h1>{title}</h1>{body}<h2>A list</h2><ul>{items}</ul><ol>{items}</ol><h2>A table</h2>"
        f"<table border='1'>{rows}</table><p>See <a href='https://example.org/a?b=c'>the page</a> &amp; more "
        f"<b>bold</b><i>italic</i>.</p><p>{LONG * 3}</p></body></html>"
    )


def markdown(paragraphs=ALL, title=TITLE):
    """The same for pandoc, with a footnote and a definition."""
    rows = ["| " + " | ".join(row) + " |" for row in ROWS]
    rows.insert(1, "|" + "---|" * len(ROWS[0]))
    items = "\n".join(f"- {item}" for item in ITEMS)
    numbered = "\n".join(f"{n}. {item}" for n, item in enumerate(ITEMS, 1))
    return (
        f"---\ntitle: {title}\nlang: en\n---\n\n# Introduction\n\n" + "\n\n".join(paragraphs)
        + f"\n\n## A list\n\n{items}\n\n{numbered}\n\n## A table\n\n" + "\n".join(rows)
        + f"\n\n## Notes\n\nText with a note.[^1] See [the page](https://example.org/a?b=c) and `code`.\n\n[^1]: {FOOTNOTE}\n\n"
        + f"> A quotation.\n\n{LONG * 3}\n\n# Conclusion\n\nThat is **all**, *really*.\n"
    )
