"""What a test plans: faults, errors, and responses of a future PortOne."""
