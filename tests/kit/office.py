"""A small city for the stories: two offices, ten services, points with and without a service."""

from __future__ import annotations

from sqlalchemy import insert

from storage.office import Service, ServicePoint, Unit
from storage.session import Database

# Ids stand in the open, so that a story can name what it means.
CITY, DUKCAPIL, MELATI, TERNATE = 1, 2, 3, 4
KTP, KK, AKTA, DOMISILI = 11, 12, 13, 21
FILLERS = 31  # and following: services of one large unit

LOKET = "pL2aaaaaaaaaaaaaaaaaaa"  # Loket 2, KTP
MEJA = "pMejabbbbbbbbbbbbbbbbb"  # a desk at Melati, without a service
OLD = "pOldccccccccccccccccccc"  # Loket 9, not in use any more
LOKET_KK = "pL3ddddddddddddddddddd"


async def small_city(database: Database) -> None:
    """Write the city down."""
    async with database.transaction() as tx:
        await tx.execute(
            insert(Unit),
            [
                _unit(CITY, "kota", "Kota Contoh", None),
                _unit(DUKCAPIL, "disdukcapil", "Disdukcapil", CITY),
                _unit(MELATI, "melati", "Kelurahan Melati", CITY),
                _unit(TERNATE, "timur", "Kelurahan Timur", CITY, "Asia/Jayapura"),
            ],
        )
        services = [
            (KTP, "ktp", "KTP elektronik", DUKCAPIL),
            (KK, "kk", "Kartu keluarga", DUKCAPIL),
            (AKTA, "akta", "Akta kelahiran", DUKCAPIL),
            (DOMISILI, "domisili", "Surat keterangan domisili", MELATI),
            (DOMISILI + 1, "usaha", "Surat keterangan usaha", MELATI),
        ]
        services += [(FILLERS + n, f"timur-{n}", f"Layanan {n:02}", TERNATE) for n in range(11)]
        await tx.execute(
            insert(Service),
            [
                {"id": i, "key": k, "name": n, "unit_id": u, "sample": False}
                for i, k, n, u in services
            ],
        )
        await tx.execute(
            insert(ServicePoint),
            [
                _point(1, LOKET, "Loket 2", DUKCAPIL, KTP),
                _point(2, MEJA, "Meja pelayanan", MELATI, None),
                _point(3, OLD, "Loket 9", DUKCAPIL, KTP, active=False),
                _point(4, LOKET_KK, "Loket 3", DUKCAPIL, KK),
            ],
        )


def _unit(
    unit: int, key: str, name: str, parent: int | None, zone: str = "Asia/Jakarta"
) -> dict[str, object]:
    return {
        "id": unit, "key": key, "name": name, "zone": zone, "parent_id": parent, "sample": False,
    }  # fmt: skip


def _point(
    point: int, payload: str, name: str, unit: int, service: int | None, *, active: bool = True
) -> dict[str, object]:
    return {
        "id": point,
        "key": f"point-{point}",
        "code": payload[1:],
        "name": name,
        "unit_id": unit,
        "service_id": service,
        "active": active,
        "sample": False,
    }
