"""Webhooks: what is sent to whom, when, and how often."""
