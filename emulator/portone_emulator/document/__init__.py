"""PortOne's OpenAPI document: its operations and schemas, and responses generated from them."""
