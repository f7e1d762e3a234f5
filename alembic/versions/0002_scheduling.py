"""free windows, hours, series, schedules, the wait list, upkeep, mirrors, accounting and service orders

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-21 06:20:48
"""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DOCUMENT = sa.JSON().with_variant(postgresql.JSONB(astext_type=sa.Text()), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "free_window",
        sa.Column("resource_id", KEY, autoincrement=False, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("instrument_id", KEY, nullable=True),
        sa.CheckConstraint("starts < ends", name=op.f("ck_free_window_order")),
        sa.PrimaryKeyConstraint("resource_id", "starts", name=op.f("pk_free_window")),
    )
    with op.batch_alter_table("free_window") as batch:
        batch.create_index("ix_free_window_instrument_start", ["instrument_id", "starts"], unique=False)
        batch.create_index("ix_free_window_start", ["starts"], unique=False)

    op.create_table(
        "funding_source",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("account_id", KEY, nullable=True),
        sa.Column("organisation_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("limit_amount", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("used", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(account_id IS NULL) <> (organisation_id IS NULL)", name=op.f("ck_funding_source_one_owner")
        ),
        sa.CheckConstraint("used >= 0 AND used <= limit_amount", name=op.f("ck_funding_source_never_overdrawn")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_funding_source_account_id_account")),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisation.id"], name=op.f("fk_funding_source_organisation_id_organisation")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_funding_source")),
        sa.UniqueConstraint("public_id", name=op.f("uq_funding_source_public_id")),
    )
    with op.batch_alter_table("funding_source") as batch:
        batch.create_index(batch.f("ix_funding_source_account_id"), ["account_id"], unique=False)
        batch.create_index(batch.f("ix_funding_source_organisation_id"), ["organisation_id"], unique=False)

    op.create_table(
        "access_period",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_access_period_order")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_access_period_facility_id_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_period")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_period_public_id")),
    )
    with op.batch_alter_table("access_period") as batch:
        batch.create_index(batch.f("ix_access_period_facility_id"), ["facility_id"], unique=False)

    op.create_table(
        "closed_month",
        sa.Column("id", KEY, nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("totals", DOCUMENT, nullable=False),
        sa.Column("closed_by_id", KEY, nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["closed_by_id"], ["account.id"], name=op.f("fk_closed_month_closed_by_id_account")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_closed_month_facility_id_facility")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closed_month")),
        sa.UniqueConstraint("facility_id", "month", name=op.f("uq_closed_month_facility_id_month")),
    )
    op.create_table(
        "facility_calendar",
        sa.Column("facility_id", KEY, autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("holiday_country", sa.String(length=2), nullable=True),
        sa.Column("holiday_region", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_facility_calendar_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("facility_id", name=op.f("pk_facility_calendar")),
    )
    op.create_table(
        "quote_number",
        sa.Column("facility_id", KEY, autoincrement=False, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_quote_number_facility_id_facility")),
        sa.PrimaryKeyConstraint("facility_id", "year", name=op.f("pk_quote_number")),
    )
    op.create_table(
        "session_schedule",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("period_end", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by_id", KEY, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("period_start < period_end", name=op.f("ck_session_schedule_order")),
        sa.ForeignKeyConstraint(
            ["created_by_id"], ["account.id"], name=op.f("fk_session_schedule_created_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["facility_id"], ["facility.id"], name=op.f("fk_session_schedule_facility_id_facility")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_schedule")),
        sa.UniqueConstraint("public_id", name=op.f("uq_session_schedule_public_id")),
    )
    with op.batch_alter_table("session_schedule") as batch:
        batch.create_index(batch.f("ix_session_schedule_facility_id"), ["facility_id"], unique=False)

    op.create_table(
        "access_pool",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("period_id", KEY, nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("amount", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("used", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("serves", DOCUMENT, nullable=False),
        sa.Column("falls_back_on", sa.Date(), nullable=True),
        sa.Column("falls_back_to_id", KEY, nullable=True),
        sa.Column("fell_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("used >= 0 AND used <= amount", name=op.f("ck_access_pool_never_overdrawn")),
        sa.ForeignKeyConstraint(
            ["falls_back_to_id"], ["access_pool.id"], name=op.f("fk_access_pool_falls_back_to_id_access_pool")
        ),
        sa.ForeignKeyConstraint(
            ["period_id"], ["access_period.id"], name=op.f("fk_access_pool_period_id_access_period")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_pool")),
        sa.UniqueConstraint("period_id", "name", name=op.f("uq_access_pool_period_id_name")),
        sa.UniqueConstraint("public_id", name=op.f("uq_access_pool_public_id")),
    )
    op.create_table(
        "quote",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("acting_for_id", KEY, nullable=True),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("units", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("unit_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("list_price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ground", sa.String(length=200), nullable=False),
        sa.Column("vat_note", sa.String(length=300), nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("tariff", DOCUMENT, nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_quote_account_id_account")),
        sa.ForeignKeyConstraint(
            ["acting_for_id"], ["organisation.id"], name=op.f("fk_quote_acting_for_id_organisation")
        ),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_quote_facility_id_facility")),
        sa.ForeignKeyConstraint(["instrument_id"], ["instrument.id"], name=op.f("fk_quote_instrument_id_instrument")),
        sa.ForeignKeyConstraint(["route_id"], ["access_route.id"], name=op.f("fk_quote_route_id_access_route")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote")),
        sa.UniqueConstraint("facility_id", "number", name=op.f("uq_quote_facility_id_number")),
        sa.UniqueConstraint("public_id", name=op.f("uq_quote_public_id")),
    )
    with op.batch_alter_table("quote") as batch:
        batch.create_index(batch.f("ix_quote_account_id"), ["account_id"], unique=False)
        batch.create_index(batch.f("ix_quote_acting_for_id"), ["acting_for_id"], unique=False)
        batch.create_index(batch.f("ix_quote_instrument_id"), ["instrument_id"], unique=False)

    op.create_table(
        "access_pool_instrument",
        sa.Column("pool_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_access_pool_instrument_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(
            ["pool_id"], ["access_pool.id"], name=op.f("fk_access_pool_instrument_pool_id_access_pool")
        ),
        sa.PrimaryKeyConstraint("pool_id", "instrument_id", name=op.f("pk_access_pool_instrument")),
    )
    with op.batch_alter_table("access_pool_instrument") as batch:
        batch.create_index(batch.f("ix_access_pool_instrument_instrument_id"), ["instrument_id"], unique=False)

    op.create_table(
        "closure",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_by_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_closure_order")),
        sa.ForeignKeyConstraint(["created_by_id"], ["account.id"], name=op.f("fk_closure_created_by_id_account")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_closure_facility_id_facility")),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_closure_resource_id_resource")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closure")),
        sa.UniqueConstraint("public_id", name=op.f("uq_closure_public_id")),
    )
    with op.batch_alter_table("closure") as batch:
        batch.create_index("ix_closure_facility_start", ["facility_id", "starts"], unique=False)
        batch.create_index(batch.f("ix_closure_resource_id"), ["resource_id"], unique=False)

    op.create_table(
        "free_window_head",
        sa.Column("resource_id", KEY, autoincrement=False, nullable=False),
        sa.Column("hours_version", sa.Integer(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("plant_id", KEY, nullable=True),
        sa.Column("stamp", sa.String(length=80), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["plant_id"], ["resource.id"], name=op.f("fk_free_window_head_plant_id_resource")),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_free_window_head_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("resource_id", name=op.f("pk_free_window_head")),
    )
    with op.batch_alter_table("free_window_head") as batch:
        batch.create_index("ix_free_window_head_until", ["until"], unique=False)

    op.create_table(
        "mirrored_calendar",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("refreshed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("refreshed_by_id", KEY, nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("events", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("stale_after_minutes", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["refreshed_by_id"], ["account.id"], name=op.f("fk_mirrored_calendar_refreshed_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["resource_id"], ["resource.id"], name=op.f("fk_mirrored_calendar_resource_id_resource")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mirrored_calendar")),
        sa.UniqueConstraint("public_id", name=op.f("uq_mirrored_calendar_public_id")),
        sa.UniqueConstraint("resource_id", name=op.f("uq_mirrored_calendar_resource_id")),
    )
    op.create_table(
        "date_preference",
        sa.Column("id", KEY, nullable=False),
        sa.Column("access_request_id", KEY, nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_date_preference_order")),
        sa.ForeignKeyConstraint(
            ["access_request_id"],
            ["access_request.id"],
            name=op.f("fk_date_preference_access_request_id_access_request"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_date_preference")),
    )
    with op.batch_alter_table("date_preference") as batch:
        batch.create_index(batch.f("ix_date_preference_access_request_id"), ["access_request_id"], unique=False)

    op.create_table(
        "booking_series",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("allocation_id", KEY, nullable=True),
        sa.Column("resource", sa.String(length=16), nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("rrule", sa.Text(), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("on_conflict", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_booking_series_account_id_account")),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_booking_series_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_booking_series_instrument_id_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking_series")),
        sa.UniqueConstraint("public_id", name=op.f("uq_booking_series_public_id")),
    )
    with op.batch_alter_table("booking_series") as batch:
        batch.create_index(batch.f("ix_booking_series_account_id"), ["account_id"], unique=False)
        batch.create_index(batch.f("ix_booking_series_instrument_id"), ["instrument_id"], unique=False)

    op.create_table(
        "service_order",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("route_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("acting_for_id", KEY, nullable=True),
        sa.Column("allocation_id", KEY, nullable=True),
        sa.Column("quote_id", KEY, nullable=False),
        sa.Column("funding_id", KEY, nullable=True),
        sa.Column("title", sa.String(length=300), nullable=False),
        sa.Column("regime", sa.String(length=20), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("sample_description", sa.Text(), nullable=False),
        sa.Column("hazards", sa.Text(), nullable=False),
        sa.Column("return_samples", sa.Boolean(), nullable=False),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.Column("case", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("samples_received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("samples_received", sa.Integer(), nullable=True),
        sa.Column("condition_note", sa.Text(), nullable=False),
        sa.Column("promised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deliverable", sa.Text(), nullable=False),
        sa.Column("tracking_in", sa.String(length=200), nullable=False),
        sa.Column("tracking_out", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("samples > 0", name=op.f("ck_service_order_samples")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_service_order_account_id_account")),
        sa.ForeignKeyConstraint(
            ["acting_for_id"], ["organisation.id"], name=op.f("fk_service_order_acting_for_id_organisation")
        ),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_service_order_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(
            ["funding_id"], ["funding_source.id"], name=op.f("fk_service_order_funding_id_funding_source")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_service_order_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["quote_id"], ["quote.id"], name=op.f("fk_service_order_quote_id_quote")),
        sa.ForeignKeyConstraint(["route_id"], ["access_route.id"], name=op.f("fk_service_order_route_id_access_route")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_order")),
        sa.UniqueConstraint("public_id", name=op.f("uq_service_order_public_id")),
    )
    with op.batch_alter_table("service_order") as batch:
        batch.create_index(batch.f("ix_service_order_account_id"), ["account_id"], unique=False)
        batch.create_index(batch.f("ix_service_order_acting_for_id"), ["acting_for_id"], unique=False)
        batch.create_index(batch.f("ix_service_order_allocation_id"), ["allocation_id"], unique=False)
        batch.create_index(batch.f("ix_service_order_funding_id"), ["funding_id"], unique=False)
        batch.create_index("ix_service_order_queue", ["instrument_id", "state", "ordered_at"], unique=False)
        batch.create_index(batch.f("ix_service_order_quote_id"), ["quote_id"], unique=False)
        batch.create_index(batch.f("ix_service_order_route_id"), ["route_id"], unique=False)

    op.create_table(
        "lost_time",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("booking_id", KEY, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cause", sa.String(length=30), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("recorded_by_id", KEY, nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("starts < ends", name=op.f("ck_lost_time_order")),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_lost_time_booking_id_booking")),
        sa.ForeignKeyConstraint(["recorded_by_id"], ["account.id"], name=op.f("fk_lost_time_recorded_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lost_time")),
        sa.UniqueConstraint("public_id", name=op.f("uq_lost_time_public_id")),
    )
    with op.batch_alter_table("lost_time") as batch:
        batch.create_index(batch.f("ix_lost_time_booking_id"), ["booking_id"], unique=False)

    op.create_table(
        "series_occurrence",
        sa.Column("id", KEY, nullable=False),
        sa.Column("series_id", KEY, nullable=False),
        sa.Column("recurrence", sa.String(length=16), nullable=False),
        sa.Column("wall_start", sa.String(length=16), nullable=False),
        sa.Column("wall_end", sa.String(length=16), nullable=False),
        sa.Column("start_fold", sa.Boolean(), nullable=False),
        sa.Column("end_fold", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("booking_id", KEY, nullable=True),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_series_occurrence_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["series_id"], ["booking_series.id"], name=op.f("fk_series_occurrence_series_id_booking_series")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_series_occurrence")),
        sa.UniqueConstraint("series_id", "recurrence", name=op.f("uq_series_occurrence_series_id_recurrence")),
    )
    with op.batch_alter_table("series_occurrence") as batch:
        batch.create_index(batch.f("ix_series_occurrence_booking_id"), ["booking_id"], unique=False)

    op.create_table(
        "session_draft",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("schedule_id", KEY, nullable=False),
        sa.Column("allocation_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=False),
        sa.Column("starts", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note", sa.String(length=200), nullable=False),
        sa.Column("booking_id", KEY, nullable=True),
        sa.CheckConstraint("starts < ends", name=op.f("ck_session_draft_order")),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_session_draft_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_session_draft_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_session_draft_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_session_draft_resource_id_resource")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["session_schedule.id"], name=op.f("fk_session_draft_schedule_id_session_schedule")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_session_draft")),
        sa.UniqueConstraint("public_id", name=op.f("uq_session_draft_public_id")),
    )
    with op.batch_alter_table("session_draft") as batch:
        batch.create_index(batch.f("ix_session_draft_allocation_id"), ["allocation_id"], unique=False)
        batch.create_index(batch.f("ix_session_draft_booking_id"), ["booking_id"], unique=False)
        batch.create_index(batch.f("ix_session_draft_schedule_id"), ["schedule_id"], unique=False)

    op.create_table(
        "usage_line",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("facility_id", KEY, nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("resource_id", KEY, nullable=True),
        sa.Column("booking_id", KEY, nullable=True),
        sa.Column("service_order_id", KEY, nullable=True),
        sa.Column("allocation_id", KEY, nullable=True),
        sa.Column("funding_id", KEY, nullable=True),
        sa.Column("corrects_id", KEY, nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("access_unit", sa.String(length=20), nullable=False),
        sa.Column("units", sa.Numeric(precision=12, scale=2), nullable=False),
        sa.Column("list_value", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("price", sa.Numeric(precision=14, scale=2), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("ground", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("written_by_id", KEY, nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "booking_id IS NOT NULL OR service_order_id IS NOT NULL", name=op.f("ck_usage_line_of_something")
        ),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_usage_line_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_usage_line_booking_id_booking")),
        sa.ForeignKeyConstraint(["corrects_id"], ["usage_line.id"], name=op.f("fk_usage_line_corrects_id_usage_line")),
        sa.ForeignKeyConstraint(["facility_id"], ["facility.id"], name=op.f("fk_usage_line_facility_id_facility")),
        sa.ForeignKeyConstraint(
            ["funding_id"], ["funding_source.id"], name=op.f("fk_usage_line_funding_id_funding_source")
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_usage_line_instrument_id_instrument")
        ),
        sa.ForeignKeyConstraint(["resource_id"], ["resource.id"], name=op.f("fk_usage_line_resource_id_resource")),
        sa.ForeignKeyConstraint(
            ["service_order_id"], ["service_order.id"], name=op.f("fk_usage_line_service_order_id_service_order")
        ),
        sa.ForeignKeyConstraint(["written_by_id"], ["account.id"], name=op.f("fk_usage_line_written_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_line")),
        sa.UniqueConstraint("public_id", name=op.f("uq_usage_line_public_id")),
    )
    with op.batch_alter_table("usage_line") as batch:
        batch.create_index(batch.f("ix_usage_line_booking_id"), ["booking_id"], unique=False)
        batch.create_index("ix_usage_line_month", ["facility_id", "month"], unique=False)
        batch.create_index(batch.f("ix_usage_line_service_order_id"), ["service_order_id"], unique=False)

    op.create_table(
        "wait_list_entry",
        sa.Column("id", KEY, nullable=False),
        sa.Column("public_id", sa.String(length=16), nullable=False),
        sa.Column("instrument_id", KEY, nullable=False),
        sa.Column("account_id", KEY, nullable=False),
        sa.Column("allocation_id", KEY, nullable=True),
        sa.Column("way", sa.String(length=16), nullable=True),
        sa.Column("earliest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("latest", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("booking_id", KEY, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("earliest < latest", name=op.f("ck_wait_list_entry_order")),
        sa.CheckConstraint("minutes > 0", name=op.f("ck_wait_list_entry_minutes")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_wait_list_entry_account_id_account")),
        sa.ForeignKeyConstraint(
            ["allocation_id"], ["allocation.id"], name=op.f("fk_wait_list_entry_allocation_id_allocation")
        ),
        sa.ForeignKeyConstraint(["booking_id"], ["booking.id"], name=op.f("fk_wait_list_entry_booking_id_booking")),
        sa.ForeignKeyConstraint(
            ["instrument_id"], ["instrument.id"], name=op.f("fk_wait_list_entry_instrument_id_instrument")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_wait_list_entry")),
        sa.UniqueConstraint("public_id", name=op.f("uq_wait_list_entry_public_id")),
    )
    with op.batch_alter_table("wait_list_entry") as batch:
        batch.create_index(batch.f("ix_wait_list_entry_account_id"), ["account_id"], unique=False)
        batch.create_index(batch.f("ix_wait_list_entry_booking_id"), ["booking_id"], unique=False)
        batch.create_index("ix_wait_list_entry_instrument", ["instrument_id", "state", "id"], unique=False)

    with op.batch_alter_table("access_route") as batch:
        batch.add_column(sa.Column("turnaround_days", sa.Integer(), nullable=True))

    with op.batch_alter_table("account") as batch:
        batch.add_column(sa.Column("email_confirmed_at", sa.DateTime(timezone=True), nullable=True))
    # Nobody asked the accounts of before; they keep what they had.
    op.execute("UPDATE account SET email_confirmed_at = created_at")

    with op.batch_alter_table("booking") as batch:
        batch.add_column(sa.Column("route_id", KEY, nullable=True))
        batch.add_column(sa.Column("series_id", KEY, nullable=True))
        batch.add_column(sa.Column("recurrence_id", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("bundle", sa.String(length=16), nullable=True))
        batch.add_column(sa.Column("pool_id", KEY, nullable=True))
        batch.add_column(sa.Column("quote_id", KEY, nullable=True))
        batch.add_column(sa.Column("funding_id", KEY, nullable=True))
        batch.add_column(sa.Column("pool_units", sa.Numeric(precision=12, scale=2), server_default="0", nullable=False))
        batch.add_column(
            sa.Column("funding_amount", sa.Numeric(precision=14, scale=2), server_default="0", nullable=False)
        )
        batch.add_column(sa.Column("answer_by", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("wanted_minutes", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("wanted_from", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("wanted_until", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("checked_in_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
        batch.add_column(sa.Column("displaced_by_id", KEY, nullable=True))
        batch.create_index(batch.f("ix_booking_answer_by"), ["answer_by"], unique=False)
        batch.create_index(batch.f("ix_booking_bundle"), ["bundle"], unique=False)
        batch.create_index(batch.f("ix_booking_displaced_by_id"), ["displaced_by_id"], unique=False)
        batch.create_index(batch.f("ix_booking_funding_id"), ["funding_id"], unique=False)
        batch.create_index(batch.f("ix_booking_pool_id"), ["pool_id"], unique=False)
        batch.create_index(batch.f("ix_booking_quote_id"), ["quote_id"], unique=False)
        batch.create_index(batch.f("ix_booking_route_id"), ["route_id"], unique=False)
        batch.create_index(
            "ix_booking_waiting",
            ["starts"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending_approval', 'requested')"),
            postgresql_where=sa.text("state IN ('pending_approval', 'requested')"),
        )
        batch.create_index(batch.f("ix_booking_series_id"), ["series_id"], unique=False)
        batch.create_foreign_key(
            batch.f("fk_booking_funding_id_funding_source"), "funding_source", ["funding_id"], ["id"]
        )
        batch.create_foreign_key(batch.f("fk_booking_route_id_access_route"), "access_route", ["route_id"], ["id"])
        batch.create_foreign_key(batch.f("fk_booking_displaced_by_id_closure"), "closure", ["displaced_by_id"], ["id"])
        batch.create_foreign_key(
            batch.f("fk_booking_series_id_booking_series"), "booking_series", ["series_id"], ["id"]
        )
        batch.create_foreign_key(batch.f("fk_booking_pool_id_access_pool"), "access_pool", ["pool_id"], ["id"])
        batch.create_foreign_key(batch.f("fk_booking_quote_id_quote"), "quote", ["quote_id"], ["id"])

    with op.batch_alter_table("booking_rule_set") as batch:
        batch.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))

    with op.batch_alter_table("occupancy") as batch:
        batch.add_column(sa.Column("draft_id", KEY, nullable=True))
        batch.add_column(sa.Column("closure_id", KEY, nullable=True))
        batch.add_column(sa.Column("mirror_id", KEY, nullable=True))
        batch.add_column(sa.Column("lapses_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_index(batch.f("ix_occupancy_closure_id"), ["closure_id"], unique=False)
        batch.create_index(batch.f("ix_occupancy_draft_id"), ["draft_id"], unique=False)
        batch.create_index(batch.f("ix_occupancy_mirror_id"), ["mirror_id"], unique=False)
        batch.create_foreign_key(
            batch.f("fk_occupancy_mirror_id_mirrored_calendar"), "mirrored_calendar", ["mirror_id"], ["id"]
        )
        batch.create_foreign_key(batch.f("fk_occupancy_draft_id_session_draft"), "session_draft", ["draft_id"], ["id"])
        batch.create_foreign_key(batch.f("fk_occupancy_closure_id_closure"), "closure", ["closure_id"], ["id"])


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("occupancy") as batch:
        batch.drop_constraint(batch.f("fk_occupancy_closure_id_closure"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_occupancy_draft_id_session_draft"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_occupancy_mirror_id_mirrored_calendar"), type_="foreignkey")
        batch.drop_index(batch.f("ix_occupancy_mirror_id"))
        batch.drop_index(batch.f("ix_occupancy_draft_id"))
        batch.drop_index(batch.f("ix_occupancy_closure_id"))
        batch.drop_column("lapses_at")
        batch.drop_column("mirror_id")
        batch.drop_column("closure_id")
        batch.drop_column("draft_id")

    with op.batch_alter_table("booking_rule_set") as batch:
        batch.drop_column("version")

    with op.batch_alter_table("booking") as batch:
        batch.drop_constraint(batch.f("fk_booking_quote_id_quote"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_booking_pool_id_access_pool"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_booking_series_id_booking_series"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_booking_displaced_by_id_closure"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_booking_route_id_access_route"), type_="foreignkey")
        batch.drop_constraint(batch.f("fk_booking_funding_id_funding_source"), type_="foreignkey")
        batch.drop_index(batch.f("ix_booking_series_id"))
        batch.drop_index(batch.f("ix_booking_route_id"))
        batch.drop_index(batch.f("ix_booking_quote_id"))
        batch.drop_index(batch.f("ix_booking_pool_id"))
        batch.drop_index(batch.f("ix_booking_funding_id"))
        batch.drop_index(batch.f("ix_booking_displaced_by_id"))
        batch.drop_index(batch.f("ix_booking_bundle"))
        batch.drop_index(batch.f("ix_booking_answer_by"))
        batch.drop_column("displaced_by_id")
        batch.drop_column("ended_at")
        batch.drop_column("checked_in_at")
        batch.drop_column("wanted_until")
        batch.drop_column("wanted_from")
        batch.drop_column("wanted_minutes")
        batch.drop_column("answer_by")
        batch.drop_column("funding_amount")
        batch.drop_column("pool_units")
        batch.drop_column("funding_id")
        batch.drop_column("quote_id")
        batch.drop_column("pool_id")
        batch.drop_column("bundle")
        batch.drop_column("recurrence_id")
        batch.drop_column("series_id")
        batch.drop_column("route_id")

    with op.batch_alter_table("account") as batch:
        batch.drop_column("email_confirmed_at")

    with op.batch_alter_table("access_route") as batch:
        batch.drop_column("turnaround_days")

    with op.batch_alter_table("wait_list_entry") as batch:
        batch.drop_index("ix_wait_list_entry_instrument")
        batch.drop_index(batch.f("ix_wait_list_entry_booking_id"))
        batch.drop_index(batch.f("ix_wait_list_entry_account_id"))

    op.drop_table("wait_list_entry")
    with op.batch_alter_table("usage_line") as batch:
        batch.drop_index(batch.f("ix_usage_line_service_order_id"))
        batch.drop_index("ix_usage_line_month")
        batch.drop_index(batch.f("ix_usage_line_booking_id"))

    op.drop_table("usage_line")
    with op.batch_alter_table("session_draft") as batch:
        batch.drop_index(batch.f("ix_session_draft_schedule_id"))
        batch.drop_index(batch.f("ix_session_draft_booking_id"))
        batch.drop_index(batch.f("ix_session_draft_allocation_id"))

    op.drop_table("session_draft")
    with op.batch_alter_table("series_occurrence") as batch:
        batch.drop_index(batch.f("ix_series_occurrence_booking_id"))

    op.drop_table("series_occurrence")
    with op.batch_alter_table("lost_time") as batch:
        batch.drop_index(batch.f("ix_lost_time_booking_id"))

    op.drop_table("lost_time")
    with op.batch_alter_table("service_order") as batch:
        batch.drop_index(batch.f("ix_service_order_route_id"))
        batch.drop_index(batch.f("ix_service_order_quote_id"))
        batch.drop_index("ix_service_order_queue")
        batch.drop_index(batch.f("ix_service_order_funding_id"))
        batch.drop_index(batch.f("ix_service_order_allocation_id"))
        batch.drop_index(batch.f("ix_service_order_acting_for_id"))
        batch.drop_index(batch.f("ix_service_order_account_id"))

    op.drop_table("service_order")
    with op.batch_alter_table("booking_series") as batch:
        batch.drop_index(batch.f("ix_booking_series_instrument_id"))
        batch.drop_index(batch.f("ix_booking_series_account_id"))

    op.drop_table("booking_series")
    with op.batch_alter_table("date_preference") as batch:
        batch.drop_index(batch.f("ix_date_preference_access_request_id"))

    op.drop_table("date_preference")
    op.drop_table("mirrored_calendar")
    with op.batch_alter_table("free_window_head") as batch:
        batch.drop_index("ix_free_window_head_until")

    op.drop_table("free_window_head")
    with op.batch_alter_table("closure") as batch:
        batch.drop_index(batch.f("ix_closure_resource_id"))
        batch.drop_index("ix_closure_facility_start")

    op.drop_table("closure")
    with op.batch_alter_table("access_pool_instrument") as batch:
        batch.drop_index(batch.f("ix_access_pool_instrument_instrument_id"))

    op.drop_table("access_pool_instrument")
    with op.batch_alter_table("quote") as batch:
        batch.drop_index(batch.f("ix_quote_instrument_id"))
        batch.drop_index(batch.f("ix_quote_acting_for_id"))
        batch.drop_index(batch.f("ix_quote_account_id"))

    op.drop_table("quote")
    op.drop_table("access_pool")
    with op.batch_alter_table("session_schedule") as batch:
        batch.drop_index(batch.f("ix_session_schedule_facility_id"))

    op.drop_table("session_schedule")
    op.drop_table("quote_number")
    op.drop_table("facility_calendar")
    op.drop_table("closed_month")
    with op.batch_alter_table("access_period") as batch:
        batch.drop_index(batch.f("ix_access_period_facility_id"))

    op.drop_table("access_period")
    with op.batch_alter_table("funding_source") as batch:
        batch.drop_index(batch.f("ix_funding_source_organisation_id"))
        batch.drop_index(batch.f("ix_funding_source_account_id"))

    op.drop_table("funding_source")
    with op.batch_alter_table("free_window") as batch:
        batch.drop_index("ix_free_window_start")
        batch.drop_index("ix_free_window_instrument_start")

    op.drop_table("free_window")
