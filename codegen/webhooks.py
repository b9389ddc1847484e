"""PortOne's webhooks: its document has none, so ours describes them, and the same generator writes their models."""

from __future__ import annotations

import json
from typing import Final

from codegen.document import OPENAPI, CodegenError, Json, reachable

WEBHOOKS: Final = OPENAPI / "webhooks.json"


def load_webhooks() -> Json:
    """Our document; an error names a schema that no webhook uses."""
    try:
        document: Json = json.loads(WEBHOOKS.read_text(encoding="utf-8"))
        schemas: Json = document["components"]["schemas"]
        used = reachable(document["webhooks"], schemas)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CodegenError(f"openapi/{WEBHOOKS.name} cannot be read: {error!r}") from None
    stray = sorted(schemas.keys() - set(used))
    if stray:
        raise CodegenError(f"{WEBHOOKS.name}: no webhook uses {', '.join(stray)}")
    return document


def with_webhooks(document: Json, webhooks: Json) -> Json:
    """The API's document with the webhooks' schemas added; an error names a schema that both have."""
    own, added = document["components"]["schemas"], webhooks["components"]["schemas"]
    both = sorted(own.keys() & added.keys())
    if both:
        raise CodegenError(
            f"rename in openapi/{WEBHOOKS.name}: the API's document has {', '.join(both)} too"
        )
    schemas = dict(sorted({**own, **added}.items()))
    return document | {"components": document["components"] | {"schemas": schemas}}
