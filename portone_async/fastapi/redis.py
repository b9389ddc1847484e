"""Handled webhooks in Redis, for several processes. Needs the extra `[redis]`.

    store = RedisWebhookStore(Redis.from_url("redis://localhost"))
    webhooks = WebhookRouter(secret, store=store)

The client is the app's, which closes it. Redis 2.6.12 and later, Valkey, a cluster and Sentinel's
master will do. What Redis forgets is handled
again when PortOne redelivers it, so keep it on disk (`appendonly yes`), and out of an eviction (`maxmemory-policy
noeviction` or `volatile-ttl`).
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from portone_async._errors import InvalidArgumentError
from portone_async.fastapi._stores import (
    DEFAULT_LEASE,
    DEFAULT_TTL,
    Claim,
    WebhookStoreUnavailableError,
    in_milliseconds,
)

try:
    from redis import exceptions
    from redis.asyncio import Redis, RedisCluster
except ImportError:
    raise ImportError(
        "portone_async.fastapi.redis needs its extra: pip install 'portone-async[redis]'"
    ) from None

__all__ = ["RedisWebhookStore"]

# A key holds "lease:<owner>" or "done:<owner>", and expires by itself, on the server's clock. Scripts are atomic.
_CLAIMS: Final[tuple[Claim, ...]] = ("claimed", "running", "done")
_CLAIM: Final = """
local value = redis.call('get', KEYS[1])
if value and string.sub(value, 1, 5) == 'done:' then return 2 end
if value and value ~= 'lease:' .. ARGV[1] then return 1 end
redis.call('set', KEYS[1], 'lease:' .. ARGV[1], 'px', ARGV[2])
return 0
"""
_COMPLETE: Final = """
local value = redis.call('get', KEYS[1])
if value and value ~= 'lease:' .. ARGV[1] and value ~= 'done:' .. ARGV[1] then return 0 end
redis.call('set', KEYS[1], 'done:' .. ARGV[1], 'px', ARGV[2])
return 1
"""
_RELEASE: Final = """
if redis.call('get', KEYS[1]) == 'lease:' .. ARGV[1] then redis.call('del', KEYS[1]) end
"""
_UNAVAILABLE: Final = (
    OSError,
    exceptions.ConnectionError,
    exceptions.TimeoutError,
    exceptions.ClusterError,
    exceptions.RedisClusterException,
    exceptions.OutOfMemoryError,
    exceptions.ReadOnlyError,
    exceptions.TryAgainError,
)
# The codes of other errors that are the server's state. Before Redis 7, a script's error has the code in its midst.
_UNAVAILABLE_CODES: Final = re.compile(
    r"(?:^|: -)(?:BUSY|CLUSTERDOWN|MISCONF|NOREPLICAS|OOM|READONLY) "
)


class RedisWebhookStore:
    """A `WebhookStore` in Redis. Leases and marks expire on Redis's clock, so those of the processes may differ.

    Args:
        redis: A client of `redis.asyncio`.
        prefix: What the keys begin with; the webhook's id follows. Two routers with one prefix share what they handled.
        ttl: How long to remember a handled webhook.
        lease: After this time, a handler that has not finished counts as dead, and a redelivery is handled.

    Raises:
        InvalidArgumentError: The client is not asynchronous, or a limit is not above zero.
    """

    def __init__(
        self,
        redis: Redis | RedisCluster,
        *,
        prefix: str = "portone:webhook:",
        ttl: timedelta = DEFAULT_TTL,
        lease: timedelta = DEFAULT_LEASE,
    ) -> None:
        if not isinstance(redis, Redis | RedisCluster):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"RedisWebhookStore takes a client of redis.asyncio, not {type(redis).__name__}"
            )
        self._prefix: Final = prefix
        self._ttl: Final = in_milliseconds("ttl", ttl)
        self._lease: Final = in_milliseconds("lease", lease)
        self._claim: Final = redis.register_script(_CLAIM)
        self._complete: Final = redis.register_script(_COMPLETE)
        self._release: Final = redis.register_script(_RELEASE)

    async def claim(self, message_id: str, owner: str) -> Claim:
        """Claim the webhook, or tell whether it is being handled or done."""
        return _CLAIMS[await self._run(self._claim, message_id, owner, self._lease)]

    async def complete(self, message_id: str, owner: str) -> bool:
        """Mark it as handled, unless another owner holds it, or has handled it."""
        return bool(await self._run(self._complete, message_id, owner, self._ttl))

    async def release(self, message_id: str, owner: str) -> None:
        """Give up the claim after a failure."""
        await self._run(self._release, message_id, owner)

    async def _run(self, script: Any, message_id: str, *arguments: str | int) -> int:
        try:
            return await script(keys=[self._prefix + message_id], args=arguments)
        except (*_UNAVAILABLE, exceptions.ResponseError) as error:
            if isinstance(error, _UNAVAILABLE) or _UNAVAILABLE_CODES.search(str(error)):
                raise WebhookStoreUnavailableError("Redis is unavailable") from error
            raise
