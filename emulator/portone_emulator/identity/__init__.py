"""Identity verifications."""
