"""Python's own libraries for mail against the simulator's mail servers: submission by SMTP, a mailbox by IMAP."""

import email
import email.policy
import imaplib
import smtplib
from email.message import EmailMessage
from urllib.parse import urlsplit

from support import PATIENCE, account, control, say

MAILBOX = "ana@ejemplo.ec"
settings = account("other_email")


def server(key):
    url = urlsplit(settings[key])
    return url.hostname, url.port


mail = EmailMessage()
mail["From"], mail["To"], mail["Subject"] = settings["from"], MAILBOX, "Prueba ñ"
mail["Message-ID"] = "<library@ecuabots.example>"
mail.set_content("Sent by the library of Python")
with smtplib.SMTP(*server("smtp_url"), timeout=PATIENCE) as smtp:
    smtp.login(settings["username"], settings["password"])
    smtp.send_message(mail)
    try:
        smtp.sendmail(settings["from"], ["nobody"], "x")
        refused = None
    except smtplib.SMTPRecipientsRefused as fault:
        refused = fault.recipients["nobody"][0]

control("POST", f"/phones/{MAILBOX}/messages", {"type": "text", "provider": "other_email", "text": "hola ñ"})
imap = imaplib.IMAP4(*server("imap_url"), timeout=PATIENCE)
try:
    imap.login(settings["username"], "wrong \"password\"")
    is_refused = False
except imaplib.IMAP4.error:
    is_refused = True
imap.login(settings["username"], settings["password"])
_, [count] = imap.select("INBOX", readonly=True)
_, [found] = imap.uid("SEARCH", "ALL")
_, parts = imap.uid("FETCH", found.split()[-1], "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[])")
head, raw = parts[0]
heard = email.message_from_bytes(raw, policy=email.policy.default)
missing, _ = imap.select("Ventas", readonly=True)
ended, _ = imap.logout()

say({
    "sent": "<library@ecuabots.example>",
    "heard": heard.get_content().strip(),
    "refused": refused,
    "also": {
        "count": int(count) == 1,
        "size": f"RFC822.SIZE {len(raw)}".encode() in head,
        "date": imaplib.Internaldate2tuple(head) is not None,
        "answer": heard["In-Reply-To"] == "<library@ecuabots.example>",
        "refused": is_refused,
        "folder": missing == "NO",
        "left": ended == "BYE",
    },
})
