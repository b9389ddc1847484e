"""PortOne in a FastAPI app: a client per app, webhooks verified and handled once, errors as HTTP responses.

    portone = ClientDependency(lambda: PortOne(settings.api_secret))
    webhooks = WebhookRouter(settings.webhook_secret)

    @webhooks.post("/webhooks/portone")
    async def on_webhook(event: WebhookEvent, client: Annotated[PortOne, Depends(portone)]) -> None:
        match event:
            case TransactionPaidWebhook(data=data):
                await settle(data.payment_id, client)      # look it up, compare the amount, mark the order

    app = FastAPI(lifespan=lifespan(portone))
    app.include_router(webhooks)
    app.add_exception_handler(PortOneError, portone_error_handler)

Needs `pip install 'portone-async[fastapi]'`. The guide is docs/fastapi.md. For several processes, the submodules `redis`
and `sqlalchemy` have stores of handled webhooks.
"""

from __future__ import annotations

from importlib.util import find_spec

if find_spec("fastapi") is None:
    raise ModuleNotFoundError(
        "portone_async.fastapi needs FastAPI: pip install 'portone-async[fastapi]'", name="fastapi"
    )

from portone_async.fastapi._client import ClientDependency, from_thread, lifespan
from portone_async.fastapi._errors import portone_error_handler
from portone_async.fastapi._stores import (
    Claim,
    MemoryStore,
    WebhookStore,
    WebhookStoreUnavailableError,
)
from portone_async.fastapi._webhooks import VerifiedWebhook, WebhookEvent, WebhookRouter

__all__ = [
    "Claim",
    "ClientDependency",
    "MemoryStore",
    "VerifiedWebhook",
    "WebhookEvent",
    "WebhookRouter",
    "WebhookStore",
    "WebhookStoreUnavailableError",
    "from_thread",
    "lifespan",
    "portone_error_handler",
]
