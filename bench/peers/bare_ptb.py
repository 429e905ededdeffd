"""The least that python-telegram-bot needs for the same talk: one handler, nothing stored.

    python bare_ptb.py [CONCURRENT_UPDATES]

The library handles updates one by one unless told otherwise.
"""

from __future__ import annotations

import sys

import survey
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, Update
from telegram.ext import Application, CallbackQueryHandler, CommandHandler, ContextTypes


def keyboard(rows: survey.Rows) -> InlineKeyboardMarkup:
    """The library's buttons."""
    return InlineKeyboardMarkup(
        [[InlineKeyboardButton(label, callback_data=data) for label, data in row] for row in rows]
    )


async def start(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    """The first message."""
    await update.message.reply_text(survey.QUICK.text, reply_markup=keyboard(survey.QUICK.rows))


async def tapped(update: Update, _: ContextTypes.DEFAULT_TYPE) -> None:
    """The next page; where somebody stands is read off the button."""
    query = update.callback_query
    await query.answer()
    key = query.data.split(":")[0]
    if key == "send":
        await query.edit_message_text(survey.THANKS)
    elif page := survey.after(key):
        await query.edit_message_text(page.text, reply_markup=keyboard(page.rows))
    else:
        await query.edit_message_text(survey.summary({}), reply_markup=keyboard(survey.SEND))


def main() -> None:
    """Serve."""
    builder = Application.builder().token(survey.TOKEN).base_url(f"{survey.API}/bot")
    if len(sys.argv) > 1:
        builder = builder.concurrent_updates(int(sys.argv[1]))
    application = builder.build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(tapped))
    application.run_webhook(
        listen="127.0.0.1",
        port=survey.PORT,
        url_path=survey.PATH,
        secret_token=survey.SECRET,
        webhook_url=survey.URL,
    )


if __name__ == "__main__":
    main()
