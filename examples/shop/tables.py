"""The tables. Money is whole numbers in the currency's smallest unit, never a float."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import DateTime, Dialect, ForeignKey, Index, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

OrderState = Literal["pending", "failed", "paid", "mismatch", "closed"]
"""`mismatch`: something else than the order's amount was paid, and a person has to look at it.

`failed` and `closed` (a virtual account that nobody paid into) are not the end: the customer may try
another card. How much of a paid order went back is `Order.refunded`.
"""
RefundState = Literal["requested", "waiting", "done", "refused"]
"""`requested`: it may or may not have been done. `waiting`: the payment company does it later."""
SubscriptionState = Literal["new", "starting", "active", "ending", "ended"]
"""`new`: no card is stored yet. `starting`: the first month is not known to be charged."""


def now() -> datetime:
    """Return the present moment, aware."""
    return datetime.now(UTC)


def soon() -> datetime:
    """Return the moment by which a customer who pays at once has paid."""
    return now() + timedelta(minutes=1)


class Moment(TypeDecorator[datetime]):
    """An aware datetime, in UTC: SQLite forgets time zones."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Write it without its zone."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Read it with its zone."""
        return None if value is None else value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy's own way)
        datetime: Moment(),
        OrderState: String(16),
        RefundState: String(16),
        SubscriptionState: String(16),
    }


class Order(Base):
    """What somebody is to pay, once. Its id is the payment id at PortOne."""

    __tablename__ = "orders"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    state: Mapped[OrderState] = mapped_column(default="pending", index=True)
    refunded: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)
    subscription_id: Mapped[str | None] = mapped_column(ForeignKey("subscriptions.id"), index=True)
    number: Mapped[int | None]
    """Which of the subscription's charges it is, from 1."""
    due_at: Mapped[datetime | None]
    """When a payment schedule is to charge it."""
    look_at: Mapped[datetime] = mapped_column(default=soon, index=True)
    """When sweep.py asks PortOne about it, if nobody else has before."""
    schedule_id: Mapped[str | None]

    @property
    def refundable(self) -> int:
        """What may still be given back."""
        return self.amount - self.refunded if self.state == "paid" else 0


class Shipment(Base):
    """Goods that leave the house: at most one for an order, or the goods are lost instead of the money."""

    __tablename__ = "shipments"

    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Refund(Base):
    """Money to give back. Written before PortOne is asked, with all that it takes to ask again."""

    __tablename__ = "refunds"

    id: Mapped[str] = mapped_column(primary_key=True)
    """Also the idempotency key, so that asking again gives nothing back again."""
    order_id: Mapped[str] = mapped_column(ForeignKey("orders.id"), index=True)
    amount: Mapped[int]
    before: Mapped[int]
    """What was refundable before it."""
    reason: Mapped[str]
    state: Mapped[RefundState] = mapped_column(default="requested", index=True)
    problem: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    # One at a time for an order: what is refundable is only known once the one before is decided.
    __table_args__ = (
        Index(
            "one_open_refund",
            "order_id",
            unique=True,
            sqlite_where=state.in_(("requested", "waiting")),
            postgresql_where=state.in_(("requested", "waiting")),
        ),
    )


class Subscription(Base):
    """Somebody who pays every month. A billing key is as good as money: encrypt it in production."""

    __tablename__ = "subscriptions"

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    billing_key: Mapped[str | None]
    started_at: Mapped[datetime] = mapped_column(default=now)
    state: Mapped[SubscriptionState] = mapped_column(default="new", index=True)


class HandledWebhook(Base):
    """A webhook that is being handled, or was: see webhook_store.py."""

    __tablename__ = "webhooks"

    id: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    done: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]
