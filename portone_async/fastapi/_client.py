"""A client for as long as an app runs.

FastAPI reads the annotations of `ClientDependency.__call__` at run time and cannot resolve postponed ones of a
callable object, so they are not postponed in this module.
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
Composed: TypeAlias = Callable[[Any], AbstractAsyncContextManager[Mapping[str, Any]]]


class ClientDependency:
    """A dependency that gives handlers the client which `lifespan` opened.

        portone = ClientDependency(lambda: PortOne(settings.api_secret))
        Client = Annotated[PortOne, Depends(portone)]

    It holds no client itself: each app that names it in its `lifespan` has one of its own, built anew at every
    start. For a second client (another store, another secret) make a second one with another name. In tests, build
    a client of the emulator, or use `app.dependency_overrides[portone]`.

    Args:
        build: Makes the client when the app starts. `PortOne` itself reads the environment.
        name: Where the client is: `app.state.<name>`, and `request.state.<name>`.
    """

    def __init__(self, build: Callable[[], PortOne] = PortOne, *, name: str = "portone") -> None:
        self.build: Final = build
        self.name: Final = name

    def __repr__(self) -> str:
        return f"ClientDependency(name={self.name!r})"

    async def __call__(self, connection: HTTPConnection) -> PortOne:
        """Give the client of the app that serves this request."""
        # The state of the lifespan reaches mounted apps, and the app's state those whose lifespan a test ran.
        found = connection.scope.get("state", {}).get(self.name)
        if found is None:
            found = getattr(connection.app.state, self.name, None)
        if found is None:
            raise RuntimeError(
                f"no client named {self.name!r} is open: FastAPI(lifespan=lifespan(...)) opens it, "
                "if the server runs the lifespan"
            )
        return found


def lifespan(*clients: ClientDependency, inner: Lifespan | None = None) -> Composed:
    """A lifespan that opens these clients, and closes them when the app stops.

    `inner` is a lifespan that the app has already: it runs inside, with the clients open (`app.state.portone`),
    and what it yields stays the app's state.
    """
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
                        f"app.state has a {client.name!r} already: ClientDependency(..., name=)"
                    )
                state[client.name] = await stack.enter_async_context(client.build())
                setattr(app.state, client.name, state[client.name])
                stack.callback(delattr, app.state, client.name)
            if inner is not None:
                state |= await stack.enter_async_context(inner(app)) or {}
            yield state

    return run


def from_thread(function: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Await an operation from a handler that is a plain `def`, which FastAPI runs in a thread.

        payment = from_thread(client.payment.get_payment, "order-1")

    It runs in the app's event loop, on the client's own connections; the thread waits. In a thread that anyio did
    not start there is no such loop, and it raises `RuntimeError`.
    """

    async def run() -> T:
        return await function(*args, **kwargs)

    return anyio.from_thread.run(run)
