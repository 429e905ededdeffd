"""Points and invitations leave the terminal as payload, link and QR."""

from __future__ import annotations

import asyncio
import io
import stat
import xml.etree.ElementTree as ET
from datetime import UTC, datetime, timedelta

import pytest
import segno

from domain import joining
from domain.keys import Keys
from simulator import Simulator
from storage.session import Database
from storage.staff import Offer
from tests.bot.conftest import Shell
from tests.bot.test_seeding import OFFICE

ENGLISH = {"LANG": "en_US.UTF-8"}


def terminal(link: str) -> str:
    out = io.StringIO()
    segno.make(link, error="m", micro=False).terminal(out, border=2, compact=True)
    return out.getvalue()


def test_the_list_shows_links_and_the_code_of_one_is_its_link(connected: Shell) -> None:
    connected("seed")
    listed = {one["key"]: one for one in connected.data("points")}
    one = listed["disdukcapil-loket-1"]
    assert one["link"] == f"https://t.me/TanggapDemoBot?start={one['payload']}"
    told = connected("points", "--point", one["key"], **ENGLISH).stdout
    assert one["link"] in told
    assert terminal(one["link"]) in told
    assert listed["kenanga-poli-kia"]["link"] not in told
    everyone = connected("points", "--point", "all").stdout
    assert all(terminal(other["link"]) in everyone for other in listed.values())


def test_without_the_bots_name_there_are_payloads_and_it_is_said(shell: Shell) -> None:
    shell("seed")
    listed = shell.data("points")
    assert all(one["link"] is None and one["payload"] for one in listed)
    told = shell("points", **ENGLISH).stdout
    assert "name is not known" in told
    assert listed[0]["payload"] in told
    refused = shell("points", "--svg", shell.folder / "out", **ENGLISH)
    assert refused.exit_code == 2
    assert not (shell.folder / "out").exists()


def test_sheets_to_print_are_svg_with_the_names_and_both_languages(connected: Shell) -> None:
    office = connected.folder / "kantor.toml"
    office.write_text(OFFICE)
    connected("seed", office)
    out = connected.folder / "lembar"
    assert connected("points", "--svg", out).exit_code == 0
    assert {path.name for path in out.iterdir()} == {"loket-a.svg", "pintu.svg"}
    sheet = ET.fromstring((out / "loket-a.svg").read_text())
    assert (sheet.attrib["width"], sheet.attrib["height"]) == ("210mm", "297mm")
    words = " ".join(text.text or "" for text in sheet.iter("{http://www.w3.org/2000/svg}text"))
    assert "RSUD Uji" in words
    assert "Loket A <utama> & pendaftaran" in words
    assert "Bagaimana layanan kami?" in words
    assert "How was our service?" in words
    assert "https://t.me/TanggapDemoBot?start=p" in words
    # The code itself: a drawing inside, on paper large enough to be read from afar.
    inner = [e for e in sheet.iter("{http://www.w3.org/2000/svg}svg") if e is not sheet]
    assert [float(e.attrib["width"]) for e in inner] == [110]
    assert "viewBox" in inner[0].attrib
    heights = [float(e.attrib["y"]) for e in sheet.iter("{http://www.w3.org/2000/svg}text")]
    assert all(0 < y < 297 for y in heights)


def test_a_name_as_long_as_may_be_still_fits_the_sheet() -> None:
    from bot.qr import QR, sheet

    drawn = ET.fromstring(
        sheet("https://t.me/x?start=p", unit="U" * 100, point="loket " * 16, words=[("T", "H")])
    )
    svg = "{http://www.w3.org/2000/svg}"
    code = next(e for e in drawn.iter(f"{svg}svg") if e is not drawn)
    top, bottom = float(code.attrib["y"]), float(code.attrib["y"]) + QR
    heights = [float(e.attrib["y"]) for e in drawn.iter(f"{svg}text")]
    assert not [y for y in heights if top < y < bottom]


def test_an_unknown_point_is_told_with_those_there_are(shell: Shell) -> None:
    shell("seed")
    result = shell("points", "--point", "loket-99", **ENGLISH)
    assert result.exit_code == 2
    assert "There is no service point loket-99" in result.stderr
    assert "melati-pelayanan" in result.stderr


# --- invitations ----------------------------------------------------------------------------


def looked_up(shell: Shell, payload: str) -> Offer:
    async def look() -> Offer:
        keys = Keys((shell.folder / "data" / "secret").read_bytes().strip())
        database = Database(shell.url())
        try:
            async with database.reading() as tx:
                now = datetime.now(UTC)
                return await joining.look(tx, joining.digest(keys, payload[1:]), 1, now)
        finally:
            await database.close()

    return asyncio.run(look())


def test_an_invitation_opens_its_role_in_its_unit(connected: Shell) -> None:
    connected("seed")
    made = connected.data("invite", "--role", "staff", "--unit", "kelurahan-melati")
    assert made["link"] == f"https://t.me/TanggapDemoBot?start={made['payload']}"
    offer = looked_up(connected, made["payload"])
    assert (offer.role, offer.unit_name) == ("staff", "Kelurahan Melati")
    assert offer.expires_at - datetime.now(UTC) <= timedelta(hours=48)
    secret = connected.folder / "data" / "secret"
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600


def test_an_invitation_is_told_with_its_code_and_how_long_it_lives(connected: Shell) -> None:
    connected("seed")
    told = connected("invite", "--role", "admin", **ENGLISH).stdout
    link = next(line for line in told.splitlines() if line.startswith("https://t.me/"))
    assert terminal(link) in told
    assert "48 hours" in told
    assert looked_up(connected, link.partition("start=")[2]).unit_id is None


def test_without_the_bots_name_the_invitation_is_a_payload(shell: Shell) -> None:
    told = shell("invite", "--role", "admin", **ENGLISH).stdout
    assert "name is not known" in told
    payload = told.splitlines()[1]
    assert looked_up(shell, payload).role == "admin"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--role", "staff", "--unit", "rumah"], "There is no unit rumah"),
        (["--role", "king"], "king"),
        ([], "--role"),
    ],
)
def test_an_invitation_to_nothing_is_refused(
    shell: Shell, arguments: list[str], told: str
) -> None:
    shell("seed")
    result = shell("invite", *arguments, **ENGLISH)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_telegram_that_refuses_the_token_costs_the_link_only(
    connected: Shell, telegram: Simulator
) -> None:
    telegram.revoke_token()
    assert connected.data("invite", "--role", "admin")["link"] is None
