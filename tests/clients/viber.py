"""Viber's own library for Python. It has no option for the address, so the constant that it reads is replaced."""

import json

import viberbot.api.api
from viberbot import Api
from viberbot.api.bot_configuration import BotConfiguration
from viberbot.api.messages import TextMessage
from viberbot.api.viber_requests import ViberDeliveredRequest, ViberMessageRequest

from support import Receiver, account, changed, say, write

settings = account("viber")
viberbot.api.api.VIBER_BOT_API_URL = f"{settings['base_url']}/pa"
api = Api(BotConfiguration(name="Ecuabots", avatar="", auth_token=settings["auth_token"]))
receiver = Receiver()


def event(hook):
    return json.loads(hook.body)["event"]


def valid(hook, body):
    return api.verify_signature(body, hook.headers["X-Viber-Content-Signature"])


events = api.set_webhook(receiver.url)
info = api.get_account_info()
write("viber", "hola")
hook = receiver.until(lambda hook: event(hook) == "message")
message = api.parse_request(hook.body)
assert isinstance(message, ViberMessageRequest), message
user = api.get_user_details(message.sender.id)

[token] = api.send_messages(message.sender.id, [TextMessage(text="Sent by the library of Viber")])
receipt = receiver.until(lambda hook: event(hook) == "delivered")
delivered = api.parse_request(receipt.body)
assert isinstance(delivered, ViberDeliveredRequest), delivered
try:
    api.send_messages("nobody", [TextMessage(text="x")])
    refused = None
except Exception as fault:  # The library raises nothing more exact.
    refused = str(fault)

say({
    "sent": str(token),
    "heard": message.message.text,
    "original": valid(hook, hook.body),
    "changed": valid(hook, changed(hook.body)),
    "refused": refused,
    "also": {
        "events": "delivered" in events,
        "account": info["status"] == 0 and info["name"] == "Ecuabots" and info["webhook"] == receiver.url,
        "user": user["id"] == message.sender.id and user["name"] == message.sender.name,
        "receipt": valid(receipt, receipt.body) and str(delivered.message_token) == str(token),
    },
})
