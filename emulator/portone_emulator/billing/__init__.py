"""Billing keys, the window that issues them, and schedules that charge them."""
