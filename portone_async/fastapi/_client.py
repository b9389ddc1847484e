"""A client that lives as long as the app.

This module does not use `from __future__ import annotations`: FastAPI evaluates the annotations of
`ClientDependency.__call__` at run time, and cannot resolve postponed annotations of a callable object.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, Final, ParamSpec, TypeAlias, TypeVar

import anyio.from_thread
from fastapi.requests import HTTPConnection

from portone_async._client import PortOne
from portone_async._errors import InvalidArgumentError

T = TypeVar("T")
P = ParamSpec("P")
Lifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any] | None]]
StatefulLifespan: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


class ClientDependency:
    """A dependency that injects the client which `lifespan` has opened.

        portone = ClientDependency(lambda: PortOne(settings.api_secret))
        Client = Annotated[PortOne, Depends(portone)]

    It does not hold a client itself: each app that passes it to `lifespan` has its own, created whenever the app
    starts. For a second client (another store, another secret), create a second dependency with another name. In
    tests, let the factory create a client of the emulator, or use `app.dependency_overrides[portone]`.

    Args:
        factory: Creates the client when the app starts. The default, `PortOne`, reads the environment.
        name: Where the client is stored: `app.state.<name>` and `request.state.<name>`.

    Raises:
        InvalidArgumentError: `factory` is not callable.
    """

    def __init__(self, factory: Callable[[], PortOne] = PortOne, *, name: str = "portone") -> None:
        if not callable(factory):
            raise InvalidArgumentError(
                "ClientDependency takes a function that creates the client, "
                f"such as lambda: PortOne(...), not {type(factory).__name__}"
            )
        self.factory: Final = factory
        self.name: Final = name

    def __repr__(self) -> str:
        return f"ClientDependency(name={self.name!r})"

    async def __call__(self, connection: HTTPConnection) -> PortOne:
        """Return the client of the app that serves this request."""
        # Mounted apps see the lifespan's state only in the scope; apps whose lifespan was run by a test have only
        # their own state.
        client = connection.scope.get("state", {}).get(self.name)
        if client is None:
            client = getattr(connection.app.state, self.name, None)
        if client is None:
            raise RuntimeError(
                f"there is no open client named {self.name!r}: FastAPI(lifespan=lifespan(...)) opens it, "
                "provided that the server runs the lifespan"
            )
        return client


def lifespan(*clients: ClientDependency, inner: Lifespan | None = None) -> StatefulLifespan:
    """Return a lifespan that opens these clients when the app starts, and closes them when it stops.

        app = FastAPI(lifespan=lifespan(portone))

    `inner` is the app's existing lifespan, if it has one. It runs inside, with the clients open (`app.state.portone`),
    and what it yields stays part of the app's state.

    Raises:
        InvalidArgumentError: Something other than a `ClientDependency` was passed, or two have the same name.
    """
    for client in clients:
        if not isinstance(client, ClientDependency):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidArgumentError(
                f"lifespan takes ClientDependency objects, not {type(client).__name__}: "
                "portone = ClientDependency(...), then FastAPI(lifespan=lifespan(portone))"
            )
    names = [client.name for client in clients]
    if len(set(names)) != len(names):
        raise InvalidArgumentError("two clients have the same name: ClientDependency(..., name=)")

    @asynccontextmanager
    async def run(app: Any) -> AsyncGenerator[dict[str, Any]]:
        async with AsyncExitStack() as stack:
            state: dict[str, Any] = {}
            for client in clients:
                if hasattr(app.state, client.name):
                    raise InvalidArgumentError(
                        f"app.state already has a {client.name!r}: ClientDependency(..., name=)"
                    )
                state[client.name] = await stack.enter_async_context(client.factory())
                setattr(app.state, client.name, state[client.name])
                stack.callback(delattr, app.state, client.name)
            if inner is not None:
                state |= await stack.enter_async_context(inner(app)) or {}
            yield state

    return run


def from_thread(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call an operation from a handler that is a plain `def`, which FastAPI runs in a thread.

        payment = from_thread(client.payment.get_payment, "order20261130001")

    The operation runs in the app's event loop, on the client's own connections, while the thread waits.

    Raises:
        RuntimeError: The current thread was not started by anyio, so it belongs to no event loop.
    """

    async def run() -> T:
        return await function(*args, **kwargs)

    return anyio.from_thread.run(run)
