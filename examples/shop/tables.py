"""The tables. Amounts are integers in the currency's smallest unit, never floats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import DateTime, Dialect, ForeignKey, Index, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

OrderState = Literal["pending", "failed", "paid", "mismatch", "closed"]
"""`mismatch`: another amount or currency than the order's was paid, and a person has to look at it.

`failed` and `closed` (a virtual account that nobody paid into) are not final: the customer may pay in another way.
How much of a paid order was refunded is `Order.refunded`.
"""
RefundState = Literal["requested", "waiting", "done", "refused"]
"""`requested`: PortOne may or may not have carried it out. `waiting`: the payment company carries it out later."""
SubscriptionState = Literal["new", "starting", "active", "ending", "ended"]
"""`new`: no card is stored yet. `starting`: the first month is not known to be paid."""


class UTCDateTime(TypeDecorator[datetime]):
    """A datetime with a time zone, stored in UTC: SQLite does not store time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Convert to UTC, and write it without the zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Add the zone again."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own way)
        datetime: UTCDateTime(),
        OrderState: String(16),
        RefundState: String(16),
        SubscriptionState: String(16),
    }


class Order(Base):
    """Something to be paid once. Its id is also the payment id at PortOne."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    state: Mapped[OrderState] = mapped_column(default="pending", index=True)
    refunded: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    subscription_id: Mapped[str | None] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    number: Mapped[int | None]
    """The number of the charge within its subscription, from 1."""
    due_at: Mapped[datetime | None]
    """When its payment schedule charges it."""
    check_at: Mapped[datetime] = mapped_column(index=True)
    """When sweep.py looks its payment up, if the order is still unpaid."""
    schedule_id: Mapped[str | None]

    @property
    def refundable(self) -> int:
        """The amount that can still be refunded."""
        return self.amount - self.refunded if self.state == "paid" else 0


class Shipment(Base):
    """Goods to send. The primary key allows one per order: a second one would be given away."""

    __tablename__ = "shipments"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    created_at: Mapped[datetime]


class Refund(Base):
    """A refund. Committed before the request to PortOne, with everything needed to repeat that request."""

    __tablename__ = "refunds"

    id: Mapped[str] = mapped_column(primary_key=True)
    """Also the idempotency key, so that a repeated request does not refund again."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int]
    refundable_before: Mapped[int]
    """The refundable amount before this refund."""
    reason: Mapped[str]
    state: Mapped[RefundState] = mapped_column(default="requested", index=True)
    error_type: Mapped[str | None]
    """Why it was refused, as PortOne's error type."""
    created_at: Mapped[datetime]

    # One undecided refund per order: the refundable amount is not known before it is decided.
    __table_args__ = (
        Index(
            "one_undecided_refund",
            "order_id",
            unique=True,
            sqlite_where=state.in_(("requested", "waiting")),
            postgresql_where=state.in_(("requested", "waiting")),
        ),
    )


class Subscription(Base):
    """A customer who pays every month. Whoever has the billing key can charge the card: encrypt it in production."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    billing_key: Mapped[str | None]
    started_at: Mapped[datetime]
    state: Mapped[SubscriptionState] = mapped_column(default="new", index=True)
