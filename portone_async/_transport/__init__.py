"""How bytes travel: the one package that knows httpx, httpx2 and sockets.

`HttpxTransport` is the default and serves the user's own client too, `DirectTransport` is HTTP/1.1 straight on
asyncio. Both send one request and return one response; retries, errors and models are none of their business.
"""
