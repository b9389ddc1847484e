"""Run in the folder of a generated package: calls its operations against a fake transport.

`python calling.py FILE` reads `{operationId: {"inputs": {JSON name: value}, "replies": [...], "status": 200}}` and
prints what did not come back as it was sent, by operationId.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import pkgutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import anyio
import httpx

import portone_async.api
from portone_async import PortOne
from portone_async._credentials import Secret
from portone_async._operation import Operation
from portone_async._writing import write
from portone_async.errors import APIError


class Recorder:
    """Stands in for a client, and keeps what a generated function passes on."""

    async def call(self, operation: Operation[Any], _options: object, **places: Any) -> Any:
        self.operation = operation
        self.names = {
            json_name: value.value if isinstance(value, Secret) else value
            for place in ("path", "query", "body")
            for json_name, value in (places.get(place) or {}).items()
        }


async def functions() -> dict[str, tuple[Any, Operation[Any], dict[str, str]]]:
    """Each operation's function, its facts, and its arguments by JSON name."""
    found: dict[str, tuple[Any, Operation[Any], dict[str, str]]] = {}
    for module in pkgutil.walk_packages(portone_async.api.__path__, "portone_async.api."):
        for value in vars(importlib.import_module(module.name)).values():
            if inspect.iscoroutinefunction(value) and value.__module__ == module.name:
                recorder = Recorder()
                parameters = list(inspect.signature(value).parameters)[1:]
                await value(recorder, **{each: each for each in parameters if each != "options"})
                found[recorder.operation.id] = (value, recorder.operation, recorder.names)
    return found


def sent(request: httpx.Request) -> dict[str, Any]:
    """What arrived: query parameters, and the body's fields beside them."""
    values: dict[str, Any] = dict(parse_qsl(request.url.query.decode()))
    body = values.pop("requestBody", None) or request.content.decode()
    return values | (json.loads(body) if body else {})


async def text_of(path: Path) -> str:
    return await anyio.Path(path).read_text()


def as_text(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, bool) else str(value)


async def problems(cases: Mapping[str, Any], *, strict: bool, folder: Path) -> dict[str, str]:
    """What went wrong, by operationId."""
    found: dict[str, str] = {}
    reply: list[Any] = [None, 200]
    requests: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        if isinstance(reply[0], str):
            return httpx.Response(
                200, content=reply[0].encode(), headers={"content-length": str(len(reply[0]))}
            )
        return httpx.Response(reply[1], json=reply[0])

    known = await functions()
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http_client:
        clients = [
            PortOne("secret", http_client=http_client, strict=strict, max_retries=0),
            PortOne(access_token="token", http_client=http_client, strict=strict, max_retries=0),
        ]
        for name, case in cases.items():
            if name not in known:
                if not case.get("may_be_unknown"):
                    found[name] = "is not generated"
                continue
            function, operation, names = known[name]
            arguments = {names[key]: value for key, value in case["inputs"].items() if key in names}
            if operation.download:
                arguments["file"] = folder / "download"
            for body in case["replies"]:
                reply[:] = body, case.get("status", 200)
                try:
                    value = await function(clients[operation.token_only], **arguments)
                    got = await text_of(value) if operation.download else write(value)
                except APIError as error:
                    got = error.body
                except Exception as error:  # noqa: BLE001  (which it is, is what is reported)
                    found[name] = f"{type(error).__name__}: {error}"
                    break
                if json.dumps(got, sort_keys=True) != json.dumps(body, sort_keys=True):
                    found[name] = f"{body} came back as {got}"
                    break
            if requests and case.get("check_inputs"):
                request = requests[-1]
                path = [
                    unquote(part)
                    for part in request.url.raw_path.decode().partition("?")[0].split("/")
                ]
                expected = {
                    key: v
                    for key, v in case["inputs"].items()
                    if f"{{{key}}}" not in operation.path
                }
                got_inputs = sent(request)
                wanted = {
                    key: as_text(v) if key in case["query"] else v for key, v in expected.items()
                }
                if got_inputs != wanted:
                    found.setdefault(name, f"{wanted} was sent as {got_inputs}")
                template = operation.path.split("/")
                filled = [str(case["inputs"].get(part[1:-1], part)) for part in template]
                if path != filled:
                    found.setdefault(name, f"{filled} was sent as {path}")
    return found


if __name__ == "__main__":
    file = Path(sys.argv[1])
    data = json.loads(file.read_bytes())
    result = asyncio.run(problems(data["cases"], strict=data["strict"], folder=file.parent))
    sys.stdout.write(json.dumps(result))
