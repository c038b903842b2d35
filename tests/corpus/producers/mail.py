"""Mail, as Python's email package writes it and as old programs do."""
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText

from content import ALL, CHINESE, GERMAN, INTRO, JAPANESE, LONG, RUSSIAN, TITLE, html

from . import makes


def message(subject=TITLE):
    mail = EmailMessage()
    mail["From"] = "Ann Müller <ann@example.org>"
    mail["To"] = "bob@example.org, Česlav <c@example.org>"
    mail["Cc"] = "team@example.org"
    mail["Date"] = "Thu, 29 Feb 2024 13:05:07 +0100"
    mail["Subject"] = subject
    mail["Message-ID"] = "<1@example.org>"
    return mail


@makes("email-plain.eml")
def plain(target, work):
    mail = message(GERMAN)
    mail.set_content("\n".join(ALL))
    target.write_bytes(mail.as_bytes())


@makes("email-html.eml")
def only_html(target, work):
    mail = message()
    mail.set_content(html(), subtype="html")
    target.write_bytes(mail.as_bytes())


@makes("email-alternative.eml")
def alternative(target, work):
    mail = message("Ünïcode 👍")
    mail.set_content("The plain form.\n" + LONG)
    mail.add_alternative("<html><body><p>The <b>HTML</b> form.</p></body></html>", subtype="html")
    mail.add_attachment(b"\0\1\2", maintype="application", subtype="octet-stream", filename="däta.bin")
    mail.add_attachment("attached text\n", filename="note.txt")
    target.write_bytes(mail.as_bytes())


@makes("email-forwarded.eml")
def forwarded(target, work):
    inner = message("The inner one")
    inner.set_content("Inner text.\n")
    mail = message("Fwd: the inner one")
    mail.set_content("See below.\n")
    mail.add_attachment(inner)
    target.write_bytes(mail.as_bytes())


@makes("email-related.eml")
def related(target, work):
    outer = MIMEMultipart("mixed")
    for name, value in (("From", "a@example.org"), ("To", "b@example.org"), ("Subject", "nested"), ("Date", "Mon, 1 Jan 2024 10:00:00 -0800")):
        outer[name] = value
    related = MIMEMultipart("related")
    both = MIMEMultipart("alternative")
    both.attach(MIMEText(RUSSIAN, "plain", "koi8-r"))
    both.attach(MIMEText(f"<p>{RUSSIAN}</p>", "html", "koi8-r"))
    related.attach(both)
    related.attach(MIMEApplication(b"picture", "png"))
    outer.attach(related)
    outer.attach(MIMEText("after the rest", "plain", "utf-8"))
    target.write_bytes(outer.as_bytes())


def raw(name, head, body):
    @makes(name)
    def write(target, work):
        target.write_bytes("\r\n".join(head).encode() + b"\r\n\r\n" + body)


HEAD = ["From: a@example.org", "To: b@example.org", "Date: 1 Jan 24 10:00 GMT"]
raw("raw-latin1.eml", [*HEAD, "Subject: =?iso-8859-1?Q?Gr=FC=DFe?= =?iso-8859-1?Q?_aus_K=F6ln?=", "Content-Type: text/plain; charset=iso-8859-1", "Content-Transfer-Encoding: 8bit"], GERMAN.replace("–", "-").replace("„", '"').replace("“", '"').encode("latin-1"))
raw("raw-japanese.eml", [*HEAD, "Subject: =?iso-2022-jp?B?GyRCRnxLXDhsGyhC?=", "Content-Type: text/plain; charset=iso-2022-jp"], JAPANESE.encode("iso-2022-jp"))
raw("raw-gbk.eml", [*HEAD, "Subject: folded", " over lines", "\tand tabs", "Content-Type: text/plain; charset=gb2312"], CHINESE.encode("gbk"))
raw("raw-windows.eml", [*HEAD, "Subject: no charset", "Content-Type: text/plain"], INTRO.encode("cp1252"))
raw("raw-unknown.eml", [*HEAD, "Subject: unknown charset", "Content-Type: text/plain; charset=x-nonsense"], "grün\r\n".encode())
raw("raw-qp.eml", [*HEAD, "Subject: flowed", 'Content-Type: text/plain; charset="utf-8"; format=flowed', "Content-Transfer-Encoding: quoted-printable"], b"Soft line=\r\n breaks =E2=82=AC and =3D signs. \r\n> quoted\r\nbad =ZZ escape\r\n")
raw("raw-no-type.eml", ["Subject: very old"], b"Only a subject, and UTF-8: \xc3\xa4.\r\n")
raw("raw-headers-only.eml", [*HEAD, "Subject: nothing in it: \xe4"], b"")
