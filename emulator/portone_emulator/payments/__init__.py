"""Payments: created, listed, cancelled, confirmed, held in escrow, and their cash receipts."""
