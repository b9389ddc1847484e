"""Settlement with partners, and tax invoices."""
