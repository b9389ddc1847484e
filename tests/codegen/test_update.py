"""`python -m codegen update`: a new document, from the download to a draft of the changelog."""

import json
import shutil
import sys
from pathlib import Path
from unittest.mock import Mock

import pytest
from codegen_documents import STRING, document, operation, ref, run, thing

from codegen import update
from codegen.__main__ import main
from codegen.document import ROOT, CodegenError, Json, dump
from codegen.importer import normalise
from codegen.update import Proposal, as_proposed, in_terminal, placed, propose

PLACED = """\
# Pinned by hand.

"thing" = [
  "createThing",
  "getThing",
  "getThings",
]
"""


def with_operation(source: Json, path: str, name: str, category: str = "") -> Json:
    source["paths"][path] = {
        "post": operation(source, "createThing")
        | {"operationId": name, "x-portone-category": category}
    }
    return source


# --- where new operations go ---


def proposals(*added: tuple[str, str, str]) -> dict[str, str]:
    source = document()
    for path, name, category in (
        ("/shops", "getShops", "shop"),
        ("/shops/orders", "getOrders", "order"),
        *added,
    ):
        with_operation(source, path, name, category)
    categories = {"getShops": "shop", "getOrders": "order"} | {name: c for _, name, c in added}
    pinned = {
        "thing": ["getThing", "getThings", "createThing"],
        "shop": ["getShops"],
        "shop.order": ["getOrders"],
    }
    return {p.id: p.namespace for p in propose(normalise(source), categories, pinned)}


def test_new_operation_is_proposed_beside_its_neighbours() -> None:
    assert proposals(("/shops/orders/{id}/refund", "refundOrder", "")) == {
        "refundOrder": "shop.order"
    }
    assert proposals(("/things/{id}/close", "closeThing", "")) == {"closeThing": "thing"}


def test_category_counts_where_the_path_says_nothing() -> None:
    assert proposals(("/elsewhere", "orderElsewhere", "order")) == {"orderElsewhere": "shop.order"}
    assert proposals(("/things/orders", "orderThing", "order")) == {"orderThing": "thing"}


def test_nothing_near_is_no_proposal() -> None:
    assert proposals(("/elsewhere", "goElsewhere", "new")) == {"goElsewhere": ""}
    assert proposals() == {}


def test_placed_keeps_comments_and_order() -> None:
    text = placed(PLACED, {"deleteThing": "thing", "getShop": "shop.order"})
    assert text == PLACED.replace('  "getThing",', '  "deleteThing",\n  "getThing",') + (
        '\n"shop.order" = [\n  "getShop",\n]\n'
    )


NEW = [
    Proposal("deleteThing", "DELETE /things", "thing", "thing"),
    Proposal("go", "POST /go", "", ""),
]


def test_without_a_terminal_all_proposals_are_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(CodegenError) as caught:
        in_terminal(NEW)
    assert str(caught.value) == (
        "confirm in a terminal, or with --yes: deleteThing (DELETE /things, thing) in thing; go (POST /go) in ?"
    )
    assert in_terminal([]) == {}


def test_in_a_terminal_each_is_asked_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []
    answers = iter(["", "", "Not A Name", "other.place"])

    def answer(question: str) -> str:
        asked.append(question)
        return next(answers)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    assert in_terminal(NEW) == {"deleteThing": "thing", "go": "other.place"}
    first, *rest = asked
    assert first == "deleteThing (DELETE /things, thing) goes into [thing]: "
    assert rest == ["go (POST /go) goes into []: "] * 3
    assert capsys.readouterr().out.count("is not a namespace") == 2


def test_end_of_input_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(question: str) -> str:
        raise EOFError(question)

    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answer)
    with pytest.raises(CodegenError, match="nothing has changed"):
        in_terminal(NEW)


def test_interruption_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("codegen.update.fetch", Mock(side_effect=KeyboardInterrupt))
    assert main(["update", "anything"]) == 1
    assert capsys.readouterr().err == "codegen update: interrupted\n"


def test_yes_needs_a_proposal_for_each() -> None:
    assert as_proposed(NEW[:1]) == {"deleteThing": "thing"}
    with pytest.raises(CodegenError, match=r"namespaces.toml first: go \(POST /go\)$"):
        as_proposed(NEW)


# --- the command ---


@pytest.fixture
def small(tree: Path) -> Path:
    """A tree whose vendored document is the small one."""
    shutil.rmtree(tree / "openapi" / "prose")
    (tree / "openapi" / "prose").mkdir()
    (tree / "openapi" / "portone-v2.json").write_text(dump(normalise(document())), encoding="utf-8")
    (tree / "openapi" / "namespaces.toml").write_text(PLACED, encoding="utf-8")
    (tree / "CHANGELOG.md").write_text("# Changelog\n\n## 0.1.0\n\n- First.\n", encoding="utf-8")
    return tree


def contents(tree: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(tree)): path.read_bytes()
        for path in tree.rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }


def save(tree: Path, source: Json) -> str:
    path = tree.parent / "new.json"
    path.write_text(json.dumps(source), encoding="utf-8")
    return str(path)


def test_new_document_is_taken_up(small: Path) -> None:
    source = with_operation(
        document(Thing=thing(kind=ref("ThingKind"), more=ref("ThingMore"), a=STRING)),
        "/things/{thingId}/close",
        "closeThings",
    )
    operation(source, "closeThings")["parameters"] = operation(source, "getThing")["parameters"][:1]
    done = run(small, "-m", "codegen", "update", "--yes", save(small, source))
    assert (done.returncode, done.stderr) == (0, "")
    first, second, third, fourth, *rest = done.stdout.splitlines()
    assert first == "PortOne keeps its promise, and old code stays as it is."
    assert second == "placed closeThings in thing"
    assert third.startswith("generated 4 operations: ")
    assert fourth.startswith("a draft is in CHANGELOG.md")
    arguments = "closeThings.thingId, closeThings.name, closeThings.map"
    assert rest[:5] == [
        "new, without words (en): operations closeThings",
        f"new, without words (en): parameters {arguments}",
        "new, without words (en): fields Thing.a",
        "new, without words (ko): operations closeThings",
        f"new, without words (ko): parameters {arguments}",
    ]
    assert rest[5].startswith("left to do: ")
    assert "closeThings" in rest[5]
    assert '  "closeThings",\n  "createThing",\n' in (small / "openapi/namespaces.toml").read_text()
    assert json.loads((small / "openapi/portone-v2.json").read_text()) == normalise(source)
    assert "async def close_things(" in (small / "portone_async/api/thing.py").read_text()
    title, _, draft = (small / "CHANGELOG.md").read_text().partition("\n\n")
    assert title == "# Changelog"
    assert draft.startswith("## Draft: PortOne's document of 20")
    assert (
        "### Added\n\n- `portone.thing.close_things`\n- `Thing`: field `a`\n\n## 0.1.0\n" in draft
    )

    # Once more, there is nothing to do.
    before = contents(small)
    done = run(small, "-m", "codegen", "update", save(small, source))
    assert (done.returncode, done.stdout) == (0, "new.json has nothing new\n")
    assert contents(small) == before


def test_withheld_operation_stays_pinned_and_for_one_release(small: Path) -> None:
    source = document()
    del source["paths"]["/things"]["post"]
    done = run(small, "-m", "codegen", "update", save(small, source))
    assert done.returncode == 0
    first, second, *_ = done.stdout.splitlines()
    assert first == "PortOne keeps its promise, but generated types change."
    assert second == (
        "withheld by PortOne, and kept until a version after 0.1.0: CreateThingBody, ThingMap, createThing"
    )
    assert (small / "openapi/namespaces.toml").read_text() == PLACED
    api = small / "portone_async/api/thing.py"
    assert 'warn_withheld("portone.thing.create_thing", "0.1.0")' in api.read_text()
    changelog = (small / "CHANGELOG.md").read_text()
    heading = "### Deprecated, as PortOne's document no longer has it"
    assert f"{heading}\n\n- `portone.thing.create_thing`\n" in changelog

    # Until there is another version, there is nothing to do; then it goes.
    done = run(small, "-m", "codegen", "update", save(small, source))
    assert done.stdout == "new.json has nothing new\n"
    version = small / "portone_async/_version.py"
    version.write_text(version.read_text().replace("0.1.0", "0.2.0"))
    done = run(small, "-m", "codegen", "update", save(small, source))
    assert (
        "removed, as it was withheld in 0.1.0: CreateThingBody, ThingMap, createThing"
        in done.stdout
    )
    assert "create_thing" not in api.read_text()
    assert (small / "openapi/namespaces.toml").read_text() == PLACED
    assert "### Removed\n\n- `portone.thing.create_thing`\n" in (small / "CHANGELOG.md").read_text()


DECISIONS = """
[leave_out]
getThings = "its list has no end"

[drop]
createThing = "it has returned nothing but errors"

[rename]
"Thing.fooBar" = { to = "foo_bar_text", reason = "fooBar is foo_bar" }
"""


def test_diff_says_what_update_does(small: Path) -> None:
    """With the same decisions, about the same document."""
    source = document(Thing=thing(fooBar=STRING, foo_bar=STRING))
    del source["paths"]["/things"]["post"]
    operation(source, "getThings")["responses"]["200"]["content"] = {"a/b": {"schema": STRING}}
    (small / "openapi/decisions.toml").write_text(DECISIONS, encoding="utf-8")
    new = save(small, source)
    drafted = run(small, "-m", "codegen", "diff", "--changelog", new)
    report = run(small, "-m", "codegen", "diff", "--format", "json", new)
    done = run(small, "-m", "codegen", "update", new)
    assert done.returncode == 0
    heading, _, draft = (
        (small / "CHANGELOG.md").read_text().partition("\n\n## Draft: ")[2].partition("\n\n")
    )
    assert heading.startswith("PortOne's document of ")
    assert draft.removesuffix("\n\n## 0.1.0\n\n- First.\n") == drafted.stdout.rstrip("\n")
    assert "`foo_bar`, `foo_bar_text`" in draft
    assert "- `portone.thing.create_thing` (breaks PortOne's promise)" in draft
    assert "dropped (it has returned nothing but errors): createThing" in done.stdout
    assert json.loads(report.stdout)["verdict"] == done.stdout.splitlines()[0]
    assert drafted.returncode == report.returncode == 3
    # And what it has done is what was compared.
    after = run(small, "-m", "codegen", "diff", new)
    assert (after.returncode, "Nothing changed for users of the SDK." in after.stdout) == (0, True)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        (document(Thing=None), "Thing: an object is needed"),
        (
            with_operation(document(), "/a", "goA"),
            "confirm in a terminal, or with --yes: goA (POST /a) in ?",
        ),
        (
            document(Thing=thing(loop=ref("Loop")), Loop={"type": "array", "items": ref("Loop")}),
            "Recursive and circular references are not supported",
        ),
    ],
    ids=["importer", "nowhere", "generator"],
)
def test_refused_document_changes_nothing(small: Path, source: Json, says: str) -> None:
    before = contents(small)
    done = run(small, "-m", "codegen", "update", save(small, source))
    assert (done.returncode, done.stdout) == (1, "")
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert contents(small) == before


def test_document_that_is_none_is_called_by_its_name(small: Path) -> None:
    page = small.parent / "page.json"
    page.write_text("<!doctype html>", encoding="utf-8")
    done = run(small, "-m", "codegen", "update", str(page))
    assert done.stderr == (f"codegen update: {page} is not JSON: an OpenAPI document is needed\n")


def test_make_and_the_weekly_job_call_it_as_it_is() -> None:
    makefile = (ROOT / "Makefile").read_text()
    assert "\t@$(RUN) -m codegen update $(SPEC)\n" in makefile
    workflow = (ROOT / ".github/workflows/document.yml").read_text()
    assert f"DOCUMENT: {update.PUBLISHED}\n" in workflow
