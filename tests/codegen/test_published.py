"""Every document that PortOne published gives a package that works, and reads what any other sends."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from codegen_documents import NEWEST, OLDER, package, published, run

from codegen.decisions import Decisions
from codegen.document import Json, operations
from codegen.generate import attempt
from codegen.importer import read
from codegen.normalise import normalise
from codegen.roles import split_responses
from portone_emulator.document.document import Document
from portone_emulator.document.samples import Sampler

DOCUMENTS = [
    "v2-2023-08-31.openapi.json",
    "v2-2024-01-31.openapi.json",
    "v2-2024-08-22.openapi.json",
    "v2-2025-02-26.openapi.json",
    OLDER,
    NEWEST,
]
REPLIES = int(os.environ.get("PORTONE_TESTS_REPLIES") or 3)
"""How many random replies each operation is given."""
SCRIPT = Path(__file__).with_name("calling.py")
Package = Callable[[str], tuple[Path, Json]]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The package of a published document, and its facts; each is generated once."""
    made: dict[str, tuple[Path, Json]] = {}

    def get(name: str) -> tuple[Path, Json]:
        if name not in made:
            source = json.loads(published(name).read_bytes())
            facts = normalise(source)
            placed = {"all": [o["operationId"] for _, _, o in operations(facts)]}
            made[name] = package(tmp_path_factory.mktemp("package"), source, placed), facts
        return made[name]

    return get


def reply_of(operation: Json, sampler: Sampler) -> Any:
    """A random success, by the document; text for a file, and nothing where there is no body."""
    success, _ = split_responses(operation)
    for response in success.values():
        for media, content in response.get("content", {}).items():
            return sampler.value(content["schema"]) if media == "application/json" else "a,b\n1,2\n"
    return None


def cases(facts: Json, seed: str, count: int) -> Json:
    """Inputs and replies for every operation."""
    random = Random(seed)
    sampler = Sampler(Document(facts), random)
    result: Json = {}
    for _, _, operation in operations(facts):
        inputs: Json = {}
        query: list[str] = []
        contents = [operation.get("requestBody")]
        for parameter in operation.get("parameters", []):
            if "content" in parameter:
                contents.append(parameter)
            else:
                inputs[parameter["name"]] = sampler.value(parameter["schema"], parameter["name"])
                query += [parameter["name"]] if parameter["in"] == "query" else []
        for holder in contents:
            if holder:
                inputs |= sampler.value(holder["content"]["application/json"]["schema"])
        result[operation["operationId"]] = {
            "inputs": inputs,
            "query": query,
            "replies": [reply_of(operation, sampler) for _ in range(count)],
            "check_inputs": True,
        }
    return result


def call(folder: Path, tmp_path: Path, data: Json, *, strict: bool) -> Json:
    """What calling the operations of a package with these cases found wrong."""
    file = tmp_path / "cases.json"
    file.write_text(json.dumps({"cases": data, "strict": strict}))
    done = run(folder, str(SCRIPT), str(file), timeout=600 + 6 * REPLIES)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_operation_of_a_published_document_can_be_called(
    generated: Package, tmp_path: Path, name: str
) -> None:
    folder, facts = generated(name)
    assert call(folder, tmp_path, cases(facts, name, REPLIES), strict=True) == {}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_published_document_is_imported_the_whole_way(name: str) -> None:
    found = read(str(published(name)))
    assert found.report.refusals == []
    attempt(found.document, found.report, Decisions())
    assert found.report.refusals == []


@pytest.mark.parametrize("name", [OLDER, DOCUMENTS[0]])
def test_an_older_sdk_reads_what_the_newest_document_sends(
    generated: Package, tmp_path: Path, name: str
) -> None:
    folder, _ = generated(name)
    _, newest = generated(NEWEST)
    _, old = generated(name)
    shared = {o["operationId"]: o for _, _, o in operations(old)}
    data: Json = {}
    for operation_id, case in cases(newest, name, REPLIES).items():
        if operation_id in shared and has_content(shared[operation_id]):
            # Its own inputs, the other's replies.
            own = cases_of(old, operation_id)
            data[operation_id] = case | {"inputs": own, "check_inputs": False}
    assert len(data) > 10
    assert call(folder, tmp_path, data, strict=False) == {}


@pytest.mark.parametrize("name", [OLDER, DOCUMENTS[0]])
def test_an_older_sdk_raises_what_the_newest_document_refuses(
    generated: Package, tmp_path: Path, name: str
) -> None:
    folder, old = generated(name)
    _, newest = generated(NEWEST)
    shared = {o["operationId"] for _, _, o in operations(old)}
    random = Random(name)
    sampler = Sampler(Document(newest), random)
    data: Json = {}
    for _, _, operation in operations(newest):
        _, failure = split_responses(operation)
        if operation["operationId"] in shared:
            (union,) = {
                r["content"]["application/json"]["schema"]["$ref"] for r in failure.values()
            }
            replies = [sampler.value({"$ref": union}) for _ in range(REPLIES)]
            inputs = cases_of(old, operation["operationId"])
            data[operation["operationId"]] = {"inputs": inputs, "replies": replies, "status": 400}
    assert call(folder, tmp_path, data, strict=False) == {}


def has_content(operation: Json) -> bool:
    success, _ = split_responses(operation)
    return any("application/json" in r.get("content", {}) for r in success.values())


def cases_of(facts: Json, operation_id: str) -> Json:
    """Inputs for one operation."""
    only = {
        path: {m: o for m, o in item.items() if o["operationId"] == operation_id}
        for path, item in facts["paths"].items()
    }
    return cases(facts | {"paths": only}, "inputs", 0)[operation_id]["inputs"]
