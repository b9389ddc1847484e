"""`python -m codegen import`: all facts of a published document, none of its sentences."""

import copy
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from codegen_documents import (
    NEWEST,
    STRING,
    Vendored,
    an_object,
    as_json,
    document,
    operation,
    published,
    ref,
    run,
    thing,
    union,
)
from openapi_spec_validator import OpenAPIV31SpecValidator

from codegen.document import PROVENANCE, ROOT, VENDORED, CodegenError, Json, dump, operations
from codegen.normalise import normalise

facts: Json = json.loads(VENDORED.read_text(encoding="utf-8"))
PROSE = {"title", "summary", "description", "example", "examples"}


def sentences(node: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every prose keyword in a document, where names of properties and schemas are not keywords."""
    if isinstance(node, list):
        for item in node:
            yield from sentences(item, *path)
    elif isinstance(node, dict):
        for key, value in node.items():
            named = path[-1:] in (("properties",), ("schemas",), ("mapping",))
            if key in PROSE and not named:
                yield (*path, key), value
            yield from sentences(value, *path, "" if named else key)


def test_published_document_gives_the_vendored_one(vendored: Vendored) -> None:
    source = published(NEWEST)
    before = vendored.contents()
    assert vendored.run("import", source).status == 0
    assert vendored.contents() == before
    assert json.loads(before["provenance.json"])["source_sha256"] == (
        hashlib.sha256(source.read_bytes()).hexdigest()
    )


def test_importing_twice_changes_nothing(vendored: Vendored, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document()))
    first = vendored.run("import", source)
    assert first.status == 0
    assert not first.err
    contents = vendored.contents()
    stamps = [path.stat().st_mtime_ns for path in vendored.document.parent.iterdir()]
    second = vendored.run("import", source)
    assert second.status == 0
    assert "no changes" in second.out
    assert vendored.contents() == contents
    assert [path.stat().st_mtime_ns for path in vendored.document.parent.iterdir()] == stamps


def test_new_prose_changes_the_provenance_only(vendored: Vendored, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document()))
    vendored.run("import", source)
    before = vendored.contents()
    changed = document()
    operation(changed, "getThing")["summary"] = "다른 물건"
    source.write_text(json.dumps(changed))
    assert vendored.run("import", source).status == 0
    after = vendored.contents()
    assert after["portone-v2.json"] == before["portone-v2.json"]
    assert after["provenance.json"] != before["provenance.json"]


def test_command_imports_in_its_own_tree(tree: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document()))
    # Of a document that was there, what the new one lacks would be kept.
    (tree / "openapi/portone-v2.json").unlink()
    done = run(tree, "-m", "codegen", "import", str(source))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tree / "openapi/portone-v2.json").read_text() == dump(normalise(document()))


def test_command_needs_no_generated_code(tree: Path, tmp_path: Path) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document()))
    for broken in (None, "<<<<<<< HEAD"):
        for name in ("api", "models", "blocking/api"):
            shutil.rmtree(tree / "portone_async" / name)
            if broken is not None:
                (tree / "portone_async" / name).mkdir()
                (tree / "portone_async" / name / "__init__.py").write_text(broken)
        done = run(tree, "-m", "codegen", "import", str(source))
        assert (done.returncode, done.stderr) == (0, "")
        done = run(tree, "-m", "codegen", "diff", str(source), "openapi/portone-v2.json")
        assert (done.returncode, done.stderr) == (0, "")
        shutil.copytree(ROOT / "portone_async", tree / "portone_async", dirs_exist_ok=True)
    # The SDK can be imported as usual in the same process afterwards, or before.
    for first, second in (("codegen.core", "portone_async"), ("portone_async", "codegen.core")):
        code = f"import {first}, {second}, portone_async; print(repr(portone_async.PortOne('x').payment)[0])"
        assert run(tree, "-c", code).stdout == "<\n"


def test_vendored_document_that_a_merge_broke_is_replaced(
    vendored: Vendored, tmp_path: Path
) -> None:
    source = tmp_path / "source.json"
    source.write_text(json.dumps(document()))
    vendored.document.write_text("<<<<<<< HEAD\n{")
    vendored.provenance.write_text("<<<<<<< HEAD\n{")
    assert vendored.run("import", source).status == 0
    assert json.loads(vendored.document.read_text()) == normalise(document())


def test_no_sentence_of_portone_is_left() -> None:
    text = VENDORED.read_text(encoding="utf-8")
    assert not re.search(r"[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]", text)
    for path, value in sentences(facts):
        if path == ("info", "title"):
            assert value == "PortOne V2 API: facts only"
        else:
            assert path[-3] == "responses"
            assert path[-1] == "description"
            assert re.fullmatch(r"[A-Z][A-Za-z ]+", value)


def test_properties_named_like_prose_stay() -> None:
    names = ["title", "description", "summary", "example", "tags", "mapping", "discriminator"]
    source = document(
        Thing=thing(**dict.fromkeys(names, STRING), required=STRING),
        description=an_object(title=STRING),
    )
    source["components"]["schemas"]["Thing"]["properties"]["mapping"] = {
        "type": "object",
        "description": "설명",
    }
    source["components"]["schemas"]["Thing"]["properties"]["items"] = ref("description")
    schemas = normalise(source)["components"]["schemas"]
    assert schemas["Thing"]["properties"].keys() == {*names, "id", "required", "items"}
    assert schemas["Thing"]["properties"]["title"] == {"type": "string"}
    assert schemas["description"] == {
        "type": "object",
        "properties": {"title": {"type": "string"}},
    }


def test_every_operation_is_there() -> None:
    ids = [o["operationId"] for _, _, o in operations(facts)]
    assert len(ids) == len(set(ids)) == VENDORED.read_text().count('"operationId": ')


def test_every_fact_of_the_published_document_is_there() -> None:
    source = json.loads(published(NEWEST).read_bytes())
    for path, method, found in operations(source):
        ours = facts["paths"][path][method.lower()]
        assert ours["operationId"] == found["operationId"]
        assert ours["responses"].keys() == found["responses"].keys()
        assert ours.get("security") == found.get("security")
        assert ours.get("x-portone-unstable") == found.get("x-portone-unstable")
        moved = {"requestBody"} if method == "DELETE" and "requestBody" in found else set()
        assert {p["name"] for p in ours.get("parameters", [])} == {
            p["name"] for p in found.get("parameters", [])
        } | moved
    for name, schema in source["components"]["schemas"].items():
        ours = facts["components"]["schemas"].get(name)
        if ours is None:
            # The one schema that only a tag of a variant refers to.
            assert schema.get("enum"), name
            continue
        assert ours.get("properties", {}).keys() == schema.get("properties", {}).keys()
        assert ours.get("enum") == schema.get("enum")
        assert ours.get("discriminator") == schema.get("discriminator")
        for wire, value in schema.get("properties", {}).items():
            for keyword in ("type", "format", "$ref"):
                if "const" not in ours["properties"][wire]:
                    got = ours["properties"][wire].get(keyword)
                    assert got == value.get(keyword) or "enum" in ours["properties"][wire]
    assert len(source["components"]["schemas"]) - len(facts["components"]["schemas"]) == 1


@pytest.mark.parametrize("found", [facts, normalise(document())], ids=["vendored", "small"])
def test_result_is_a_valid_document(found: Json) -> None:
    assert list(OpenAPIV31SpecValidator(found).iter_errors()) == []


def test_every_variant_carries_its_tag_as_a_const() -> None:
    schemas = facts["components"]["schemas"]
    unions = [s for s in schemas.values() if "oneOf" in s]
    assert len(unions) == VENDORED.read_text().count('"oneOf": [')
    alternatives = set[str]()
    for found in unions:
        tag = found["discriminator"]["propertyName"]
        for value, target in found["discriminator"]["mapping"].items():
            variant = schemas[target.rpartition("/")[2]]
            assert tag in variant["required"]
            if "enum" in variant["properties"][tag]:
                alternatives.add(target.rpartition("/")[2])
                assert value in variant["properties"][tag]["enum"]
            else:
                assert variant["properties"][tag] == {"type": "string", "const": value}
    assert alternatives == {"PlatformSettlementAmountExceededError"}


def test_tag_typed_as_an_enum_keeps_both_readings() -> None:
    source = document(
        BigThing=an_object(type=ref("Wrong")), Wrong={"type": "string", "enum": ["A", "B"]}
    )
    schemas = normalise(source)["components"]["schemas"]
    assert schemas["BigThing"]["properties"]["type"] == {
        "type": "string",
        "enum": ["BIG", "A", "B"],
    }
    assert schemas["BigThing"]["required"] == ["type"]
    assert "Wrong" not in schemas


def test_variant_of_two_unions_with_two_tags_keeps_both() -> None:
    source = document(
        Thing=thing(more=ref("ThingMore"), other=ref("Other")), Other=union("type", HUGE="BigThing")
    )
    tag = normalise(source)["components"]["schemas"]["BigThing"]["properties"]["type"]
    assert tag == {"type": "string", "enum": ["BIG", "HUGE"]}


def test_no_get_or_delete_has_a_body() -> None:
    in_query: list[tuple[str, bool]] = []
    for _, method, found in operations(facts):
        bodies = [p for p in found.get("parameters", []) if "content" in p]
        if method in ("GET", "DELETE"):
            assert "requestBody" not in found
        for body in bodies:
            assert body["name"] == "requestBody"
            assert body["in"] == "query"
            in_query.append((found["operationId"], bool(body.get("required"))))
    assert len(in_query) == VENDORED.read_text().count('"name": "requestBody"')
    # PortOne does not list this one: its body is empty and may be absent.
    assert ("deleteB2bCounterparty", False) in in_query
    assert {name for name, required in in_query if required} == {
        "downloadB2bTaxInvoicesSheet",
        "downloadPlatformTransferSheet",
        "getPaymentReconciliationSettlementVatReport",
        "getPaymentReconciliationTransactionVatReport",
        "revokePaymentSchedules",
    }


@pytest.mark.parametrize("method", ["get", "delete"])
@pytest.mark.parametrize("required", [True, False])
def test_body_of_get_and_delete_becomes_a_query_parameter(method: str, required: bool) -> None:
    source = document()
    found = operation(source, "getThings")
    del found["parameters"]
    found["requestBody"]["required"] = required
    source["paths"]["/things"][method] = source["paths"]["/things"].pop("get")
    ours = normalise(source)["paths"]["/things"][method]
    assert "requestBody" not in ours
    assert ours["parameters"] == [
        {"name": "requestBody", "in": "query", "content": as_json("GetThingsBody")}
        | ({"required": True} if required else {})
    ]


@pytest.mark.parametrize("says_so", ["x-portone-query-or-body", "required", "requestBody"])
def test_any_flag_makes_the_query_body_required(says_so: str) -> None:
    source = document()
    found = operation(source, "getThings")
    (parameter,) = found["parameters"]
    if says_so == "requestBody":
        found["requestBody"]["required"] = True
    elif says_so == "required":
        parameter["required"] = True
    else:
        parameter["x-portone-query-or-body"]["required"] = True
    ours = operation(normalise(source), "getThings")
    assert ours["parameters"][0]["required"] is True


def test_body_and_query_parameter_that_differ_are_refused() -> None:
    source = document()
    operation(source, "getThings")["requestBody"]["content"] = as_json("CreateThingBody")
    with pytest.raises(CodegenError, match=r"GET /things.*differ"):
        normalise(source)


def test_required_is_sorted_and_said_once() -> None:
    source = document(Thing=thing(b=STRING, a=STRING) | {"required": ["id", "b", "a", "b", "id"]})
    assert normalise(source)["components"]["schemas"]["Thing"]["required"] == ["a", "b", "id"]


def test_properties_beside_items_go() -> None:
    stray = {"type": "array", "items": ref("SmallThing"), "properties": {"size": STRING}}
    source = document(Thing=thing(list=stray))
    found = normalise(source)["components"]["schemas"]["Thing"]["properties"]["list"]
    assert found == {"type": "array", "items": ref("SmallThing")}


def test_siblings_of_a_reference_go() -> None:
    source = document(Thing=thing(kind=ref("ThingKind") | {"title": "종류", "type": "object"}))
    found = normalise(source)["components"]["schemas"]["Thing"]["properties"]["kind"]
    assert found == ref("ThingKind")


def test_unreachable_schemas_go() -> None:
    assert "Unreachable" in document()["components"]["schemas"]
    assert "Unreachable" not in normalise(document())["components"]["schemas"]


def test_source_is_left_as_it_was() -> None:
    source = document()
    before = copy.deepcopy(source)
    normalise(source)
    assert source == before


def test_order_of_the_source_does_not_matter() -> None:
    source = document()
    turned = json.loads(json.dumps(source), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    # Two orders are facts: that of an enum's values, which is a list, and that of nothing else.
    assert dump(normalise(turned)) == dump(normalise(source))


def test_diff_reads_well() -> None:
    text = VENDORED.read_text(encoding="utf-8")
    assert text.endswith("}\n")
    assert text == dump(facts)
    assert all(len(line) < 250 for line in text.splitlines())
    assert PROVENANCE.read_text().endswith("}\n")


def test_provenance_names_the_facts() -> None:
    provenance = json.loads(PROVENANCE.read_text())
    assert provenance["facts_sha256"] == hashlib.sha256(VENDORED.read_bytes()).hexdigest()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", provenance["imported_on"])
