"""Turns PortOne's OpenAPI document into the `portone_async.models` and `portone_async.api` packages."""
