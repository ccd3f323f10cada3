"""PyWa, a library for Meta's Cloud API. It takes a session of one's own, whose address it sets to Meta's host;
the session is led to the simulator after that."""

import httpx
import pywa
from pywa import WhatsApp, types, utils
from pywa.errors import WhatsAppError

from support import Receiver, account, changed, control, phone, say, write

settings = account("whatsapp_cloud")
session = httpx.Client(timeout=20)
client = WhatsApp(
    phone_id=settings["phone_number_id"],
    waba_id=settings["waba_id"],
    token=settings["access_token"],
    session=session,
    api_version=settings["version"].removeprefix("v"),
    server=None,
    verify_token=settings["verify_token"],
    app_secret=settings["app_secret"],
)
session.base_url = f"{settings['base_url']}/{settings['version']}"
receiver = Receiver(lambda query: client.webhook_challenge_handler(query[utils.HUB_VT], query[utils.HUB_CH]))
heard, statuses = [], []
client.add_handlers(
    pywa.handlers.MessageHandler(lambda _, message: heard.append(message)),
    pywa.handlers.MessageStatusHandler(lambda _, status: statuses.append(status)),
)


def valid(hook, body):
    return client.webhook_update_validator(body, hook.headers[utils.HUB_SIG]) is None


def handled(hook):
    """Lets the library read a webhook."""
    assert client.webhook_update_handler(hook.body)[1] == 200
    return hook


subscribed = client.override_waba_callback_url(receiver.url, settings["verify_token"])
number = client.get_business_phone_number()
templates = [template.name for template in client.get_templates()]

# The library reads statuses in the form that Meta has for people with a username: with their contact.
control("PUT", f"/phones/{phone}", {"username": "ana.torres"})
write("whatsapp_cloud", "hola")
hook = receiver.until(lambda hook: handled(hook) and heard)
sent = client.send_message(to=phone, text="Sent by the library of the Cloud API")
arrived = lambda: any(status.status == types.MessageStatusType.DELIVERED for status in statuses)
receipt = receiver.until(lambda hook: handled(hook) and arrived())
try:
    client.send_message(to=phone, text="")
    refused = None
except WhatsAppError as fault:
    refused = fault.code

say({
    "sent": sent.id,
    "heard": heard[0].text,
    "original": valid(hook, hook.body),
    "changed": valid(hook, changed(hook.body)),
    "refused": refused,
    "also": {
        "subscribed": bool(subscribed),
        "number": number.id == settings["phone_number_id"],
        "templates": len(templates) > 0,
        "from": heard[0].from_user.username is not None,
        "receipt": valid(receipt, receipt.body) and statuses[-1].id == sent.id,
    },
})
