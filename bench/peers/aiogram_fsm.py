"""aiogram as its documentation shows it: states in memory, its aiohttp webhook, an ORM."""

from __future__ import annotations

import ssl

import records
import survey
from aiogram import Bot, Dispatcher, F, Router
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.filters import CommandStart
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import CallbackQuery, InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler, setup_application
from aiohttp import web

router = Router()


class Survey(StatesGroup):
    """Where somebody stands."""

    asking = State()
    checking = State()


def keyboard(rows: survey.Rows) -> InlineKeyboardMarkup:
    """The library's buttons."""
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=data) for label, data in row]
            for row in rows
        ]
    )


@router.message(CommandStart())
async def start(message: Message, state: FSMContext) -> None:
    """The first message, and a new response."""
    await state.set_state(Survey.asking)
    await state.set_data({"response": await records.opened(message.from_user.id), "answers": {}})
    await message.answer(survey.QUICK.text, reply_markup=keyboard(survey.QUICK.rows))


@router.callback_query(Survey.asking, F.data.regexp(r"^\w+:\d$"))
async def answer(query: CallbackQuery, state: FSMContext) -> None:
    """Keep one answer, show the next page."""
    await query.answer()
    key, value = query.data.split(":")
    data = await state.get_data()
    if key != survey.INVITE.key:
        await records.answered(data["response"], key, int(value))
        await state.update_data(answers=data["answers"] | {key: int(value)})
    if page := survey.after(key):
        await query.message.edit_text(page.text, reply_markup=keyboard(page.rows))
        return
    await state.set_state(Survey.checking)
    text = survey.summary(data["answers"])
    await query.message.edit_text(text, reply_markup=keyboard(survey.SEND))


@router.callback_query(Survey.checking, F.data == "send:1")
async def send(query: CallbackQuery, state: FSMContext) -> None:
    """Submit."""
    await query.answer()
    await records.submitted((await state.get_data())["response"])
    await query.message.edit_text(survey.THANKS)
    await state.clear()


async def prepare(bot: Bot) -> None:
    """The tables, and the webhook."""
    await records.create()
    await bot.set_webhook(survey.URL, secret_token=survey.SECRET)


def session() -> AiohttpSession:
    """The library's own session, against another server."""
    own = AiohttpSession(api=TelegramAPIServer.from_base(survey.API))
    # It trusts the authorities of certifi only; there is no other way to add one.
    own._connector_init["ssl"] = ssl.create_default_context()
    return own


def main() -> None:
    """Serve."""
    bot = Bot(survey.TOKEN, session=session())
    dispatcher = Dispatcher(storage=MemoryStorage())
    dispatcher.include_router(router)
    dispatcher.startup.register(prepare)
    application = web.Application()
    SimpleRequestHandler(dispatcher, bot, secret_token=survey.SECRET).register(
        application, path=survey.PATH
    )
    setup_application(application, dispatcher, bot=bot)
    web.run_app(application, host="127.0.0.1", port=survey.PORT, print=None, access_log=None)


if __name__ == "__main__":
    main()
