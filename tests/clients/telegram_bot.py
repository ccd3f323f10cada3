"""python-telegram-bot. Its documented option `base_url`, made for a Bot API server of one's own, leads it to the
simulator; webhooks arrive at the library's own server, which checks the secret."""

import asyncio
import socket
import urllib.error
import urllib.request

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import BadRequest
from telegram.ext import ApplicationBuilder, MessageHandler, filters

from support import PATIENCE, account, changed, say, write

SECRET = "a-secret-of-the-test"


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def answer(url, body, secret):
    """What the library's server answers to a webhook with this secret."""
    headers = {"content-type": "application/json", "x-telegram-bot-api-secret-token": secret}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE) as response:
            return response.status
    except urllib.error.HTTPError as refused:
        return refused.code


async def refusal(bot, chat):
    try:
        await bot.send_message(chat, "<b>x", parse_mode="HTML")
    except BadRequest as fault:
        return fault.message


async def main():
    settings = account("telegram")
    heard = asyncio.Queue()

    async def keep(update, _):
        await heard.put(update.message)

    builder = ApplicationBuilder().token(settings["token"])
    app = builder.base_url(f"{settings['base_url']}/bot").base_file_url(f"{settings['base_url']}/file/bot").build()
    app.add_handler(MessageHandler(filters.TEXT, keep))
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    async with app:
        await app.start()
        await app.updater.start_webhook("127.0.0.1", port, "hook", webhook_url=url, secret_token=SECRET)
        me, info = await app.bot.get_me(), await app.bot.get_webhook_info()
        await asyncio.to_thread(write, "telegram", "hola")
        message = await asyncio.wait_for(heard.get(), PATIENCE)
        keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("Sí", callback_data="yes")]])
        sent = await app.bot.send_message(
            message.chat_id, "Sent by the library of Telegram", reply_markup=keyboard
        )
        refused = await refusal(app.bot, message.chat_id)
        body = b'{"update_id": 1}'
        original = await asyncio.to_thread(answer, url, body, SECRET)
        wrong = await asyncio.to_thread(answer, url, body, changed(SECRET.encode()).decode())
        say({
            "sent": f"{sent.chat_id}:{sent.id}",
            "heard": message.text,
            "original": original == 200,
            "changed": wrong != 403,
            "refused": refused,
            "also": {
                "me": me.is_bot and me.id == int(settings["token"].split(":")[0]),
                "webhook": info.url == url,
                "buttons": sent.reply_markup.inline_keyboard[0][0].callback_data == "yes",
            },
        })


asyncio.run(main())
