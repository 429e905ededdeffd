"""What citizens see of the result, and that they see nothing too early."""

from __future__ import annotations

from tests.conversations.citizen import at_summary, labels, say, scan, tap
from tests.kit.office import KTP
from tests.kit.world import World


async def test_too_few_answers_show_no_figure(city: World) -> None:
    ani = await at_summary(city)
    await tap(city, ani, "Kirim jawaban", "Lihat hasil")
    assert "Triwulan IV 2026 (1 Oktober 2026 – 31 Desember 2026)" in ani.last.text
    assert "ada 1 jawaban" in ani.last.text
    assert "masih perlu 4 lagi" in ani.last.text
    assert "IKM" not in ani.last.text


async def test_five_answers_show_index_grade_and_the_weakest(city: World) -> None:
    for name in ("Ani", "Budi", "Cici", "Dedi", "Eka"):
        phone = await at_summary(city, name)
        await tap(city, phone, "Kirim jawaban")
    fani = await scan(city, "Fani", payload="")
    await say(city, fani, "/hasil ktp")
    text = fani.last.text
    assert "KTP elektronik" in text
    # 4 3 2 1 4 3 2 1 4 from each: 24 / 9 * 25
    assert "66,67 dari 100" in text
    assert "C (kurang baik)" in text
    assert "Dari 5 jawaban" in text
    lowest = text.partition("terendah")[2]
    assert lowest.index("Biaya/Tarif: 1,00") < lowest.index("Sarana dan Prasarana: 1,00")
    assert "3. Waktu Penyelesaian: 2,00" in lowest
    assert "9 unsur berbobot sama (1/9)" in text
    assert "Penilaian singkat tidak ikut dihitung" in text
    await say(city, fani, "/bahasa")
    await say(city, fani, f"/hasil {KTP}")
    assert "66,67" in fani.last.text


async def test_finding_the_service_to_see(city: World) -> None:
    ani = city.phone("Ani")
    await say(city, ani, "/hasil")
    assert "Hasil layanan mana" in ani.last.text
    await tap(city, ani, "Disdukcapil", "Kartu keluarga")
    assert "ada 0 jawaban" in ani.last.text
    assert labels(ani) == ["Hasil layanan lain", "Menu"]
    await say(city, ani, "hasil layanan lain", "kartu", "1")
    assert "Kartu keluarga" in ani.last.text
    await say(city, ani, "/hasil qwxyz")
    assert "belum kami temukan" in ani.last.text


async def test_a_service_that_does_not_exist(city: World) -> None:
    ani = city.phone("Ani")
    await say(city, ani, "/hasil 123456789")
    assert "Nilai layanan" in labels(ani)
    await say(city, ani, "/hasil " + "9" * 40)
    assert labels(ani)
