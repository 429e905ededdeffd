"""python-telegram-bot as its documentation shows it: a ConversationHandler and an ORM.

    python naive_ptb.py [CONCURRENT_UPDATES]

The library handles updates one by one unless told otherwise.
"""

from __future__ import annotations

import sys

import records
import survey
from bare_ptb import keyboard
from telegram import Update
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
)


async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> str:
    """The first message, and a new response."""
    context.user_data.clear()
    context.user_data["answers"] = {}
    context.user_data["response"] = await records.opened(update.effective_user.id)
    await update.message.reply_text(survey.QUICK.text, reply_markup=keyboard(survey.QUICK.rows))
    return survey.QUICK.key


async def answer(update: Update, context: ContextTypes.DEFAULT_TYPE) -> str:
    """Keep one answer, show the next page."""
    query = update.callback_query
    await query.answer()
    key, value = query.data.split(":")
    if key != survey.INVITE.key:
        await records.answered(context.user_data["response"], key, int(value))
        context.user_data["answers"][key] = int(value)
    if page := survey.after(key):
        await query.edit_message_text(page.text, reply_markup=keyboard(page.rows))
        return page.key
    text = survey.summary(context.user_data["answers"])
    await query.edit_message_text(text, reply_markup=keyboard(survey.SEND))
    return "send"


async def send(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """Submit."""
    query = update.callback_query
    await query.answer()
    await records.submitted(context.user_data["response"])
    await query.edit_message_text(survey.THANKS)
    context.user_data.clear()
    return ConversationHandler.END


async def prepare(_: Application) -> None:
    """The tables, in the loop that will use them."""
    await records.create()


def main() -> None:
    """Serve."""
    builder = Application.builder().token(survey.TOKEN).base_url(f"{survey.API}/bot")
    if len(sys.argv) > 1:
        builder = builder.concurrent_updates(int(sys.argv[1]))
    application = builder.post_init(prepare).build()
    states = {
        page.key: [CallbackQueryHandler(answer, pattern=rf"^{page.key}:")] for page in survey.PAGES
    }
    states["send"] = [CallbackQueryHandler(send, pattern="^send:")]
    begin = CommandHandler("start", start)
    application.add_handler(ConversationHandler([begin], states, [begin], allow_reentry=True))
    application.run_webhook(
        listen="127.0.0.1",
        port=survey.PORT,
        url_path=survey.PATH,
        secret_token=survey.SECRET,
        webhook_url=survey.URL,
    )


if __name__ == "__main__":
    main()
