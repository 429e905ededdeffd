"""Fewer indexes on the outbox, none of them dear to an announcement"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

READY = sa.text("state = 'ready'")
OWN = sa.text("sheet_id is null")
RARE = sa.text("state not in ('ready', 'sent')")


def upgrade() -> None:
    op.drop_index("ix_outbox_address_id", "outbox")
    op.drop_index("ix_outbox_batch_state", "outbox")
    op.drop_index("ix_outbox_ready", "outbox")
    op.drop_index("ix_outbox_ref", "outbox")
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_constraint("fk_outbox_address_id", type_="foreignkey")
        batch_op.drop_constraint("uq_outbox_cause", type_="unique")
    op.create_index(
        "ix_outbox_ready",
        "outbox",
        ["lane", "not_before", "id", "batch"],
        sqlite_where=READY,
        postgresql_where=READY,
    )
    op.create_index("ix_outbox_ref", "outbox", ["ref"], sqlite_where=OWN, postgresql_where=OWN)
    op.create_index(
        "uq_outbox_cause",
        "outbox",
        ["cause"],
        unique=True,
        sqlite_where=OWN,
        postgresql_where=OWN,
    )
    op.create_index(
        "ix_outbox_rare", "outbox", ["state", "batch"], sqlite_where=RARE, postgresql_where=RARE
    )
    op.drop_index("ix_address_person_id", "address")
    op.create_index("ix_address_person", "address", ["person_id", "active", "id"])
    op.create_index(
        "ix_address_resting",
        "address",
        ["active", "person_id"],
        sqlite_where=sa.text("active is 0"),
        postgresql_where=sa.text("active is false"),
    )


def downgrade() -> None:
    op.drop_index("ix_address_resting", "address")
    op.drop_index("ix_address_person", "address")
    op.create_index("ix_address_person_id", "address", ["person_id"])
    op.drop_index("ix_outbox_rare", "outbox")
    op.drop_index("ix_outbox_ref", "outbox")
    op.drop_index("ix_outbox_ready", "outbox")
    op.drop_index("uq_outbox_cause", "outbox")
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.create_foreign_key("fk_outbox_address_id", "address", ["address_id"], ["id"])
        batch_op.create_unique_constraint("uq_outbox_cause", ["cause"])
    op.create_index(
        "ix_outbox_ready",
        "outbox",
        ["lane", "not_before", "id"],
        sqlite_where=READY,
        postgresql_where=READY,
    )
    op.create_index("ix_outbox_ref", "outbox", ["ref"])
    op.create_index("ix_outbox_batch_state", "outbox", ["batch", "state"])
    op.create_index("ix_outbox_address_id", "outbox", ["address_id"])
