"""The emulator's dashboard, payment windows and HTTP controls."""
