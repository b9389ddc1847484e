"""`python -m codegen diff`: its forms, its exit statuses, and PortOne's published documents."""

import itertools
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from codegen_documents import (
    NEWEST,
    OLDER,
    STRING,
    Outcome,
    an_object,
    document,
    operation,
    published,
    ref,
    thing,
)
from diff_documents import line, report_on

from codegen.__main__ import main
from codegen.diff import renderers
from codegen.diff.change import Change, Effect, Kind, Subject
from codegen.diff.report import Report, make_report
from codegen.diff.sources import Source, read
from codegen.document import ROOT, VENDORED, CodegenError, Json
from codegen.importer import normalise
from tests.chromium import CHROMIUM, FLAGS

PLACE = an_object("street", street=STRING, city=STRING)


def everything() -> tuple[Json, Json]:
    """Two documents between which there is a row of every effect and kind."""
    old = document(
        Thing=thing(a=STRING, at=ref("Place"), kind=ref("ThingKind")),
        Place=PLACE,
        GetThingsBody=an_object(b=STRING),
        CreateThingBody=an_object(c=STRING),
    )
    new = document(
        Thing=thing(at=ref("Spot"), kind=ref("ThingKind"), z=STRING | {"description": "설명"}),
        Spot=PLACE,
        ThingKind={"type": "string", "enum": ["RED", "BLUE", "GREEN", "<b>&`|"]},
        GetThingsBody=an_object(),
        CreateThingBody=an_object("d", c=STRING, d=STRING),
    )
    operation(new, "createThing")["deprecated"] = True
    return old, new


# --- Markdown ---


def test_markdown_keeps_stable_and_unstable_inputs_and_outputs_apart() -> None:
    text = renderers.markdown(report_on(*everything()))
    headings = [text for text in text.splitlines() if text.startswith("#")]
    assert headings == [
        "# Changes of PortOne's document",
        "## Breaks of the promise",
        "### Inputs",
        "### Outputs",
        "## Generated types change",
        "### Outputs",
        "## Generated types change: unstable operations",
        "### Inputs",
        "## Additions",
        "### Outputs",
        "## Other changes",
        "### Client and functions",
    ]
    assert "**PortOne breaks its promise in 2 places.** 3 operations with " in text
    breaks = text.split("## Generated types change")[0]
    assert (
        "| `portone.thing.create_thing(d=)` | added: `str`, required | no | no |  |"
        in breaks.split("### Outputs")[0]
    )
    assert (
        "| `Thing.a` | withheld | no | no | `get_thing`, `get_things` |"
        in breaks.split("### Outputs")[1]
    )
    assert "| Additions | 3 |  |" in text


def test_markdown_of_odd_values_stays_a_table() -> None:
    values = ["RED", "a|b", "a`b", "a\nb"]
    old = document(ThingKind={"enum": values}, Thing=thing(kind=ref("ThingKind")))
    new = document(ThingKind={"enum": ["RED"]}, Thing=thing(kind=ref("ThingKind")))
    text = renderers.markdown(report_on(old, new))
    (row,) = [text for text in text.splitlines() if text.startswith("| `ThingKind`")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert row.count("`") % 2 == 0
    # As additions they are a list, of one line each.
    text = renderers.markdown(report_on(new, old))
    (row,) = [text for text in text.splitlines() if text.startswith("- `ThingKind`")]
    assert row.startswith('- `ThingKind` added: `"a\\nb"`, `"a\'b"`, `"a|b"`')


def test_nothing_is_one_paragraph() -> None:
    text = renderers.markdown(report_on(document(), document()))
    assert text.split("\n", 2)[2].startswith(
        "**Nothing changed for users of the SDK.** 3 operations"
    )
    assert "no changes." in text
    assert text.count("\n") == 3


def test_function_in_no_namespace_yet_is_marked() -> None:
    old, new = document(), document()
    operation(new, "createThing")["operationId"] = "makeThing"
    report = make_report(
        Source("old", normalise(old)),
        Source("new", normalise(new)),
        {"thing": ["createThing"]},
    )
    assert [(c.kind, c.name, c.after) for c in report.changes] == [
        (Kind.RENAMED, "portone.thing.create_thing", "portone.?.make_thing")
    ]
    # Where it lived, if it was in no namespace, is not known: that is no renaming.
    report = make_report(
        Source("old", normalise(new)),
        Source("new", normalise(old)),
        {"thing": ["createThing"]},
    )
    assert [c.name for c in report.changes] == ["portone.?.make_thing"]
    operation(new, "makeThing")["operationId"] = "create_thing"
    report = make_report(
        Source("old", normalise(new)),
        Source("new", normalise(old)),
        {"thing": ["createThing"]},
    )
    assert [(c.what, c.effect) for c in report.changes] == [("operationId", Effect.NOTE)]


# --- JSON ---


def test_json_has_every_fact_of_every_change() -> None:
    report = report_on(*everything())
    facts = json.loads(renderers.as_json(report))
    assert (facts["format"], facts["status"]) == (1, 3)
    assert facts["verdict"] == report.verdict
    assert facts["old"]["source"] == "old"
    assert facts["old"]["operations"] == 3
    assert facts["old"]["facts_sha256"] != facts["new"]["facts_sha256"]
    assert len(facts["changes"]) == len(report.changes)
    (row,) = [row for row in facts["changes"] if row["json"] == "Thing.a"]
    assert row == {
        "kind": "withheld",
        "subject": "field",
        "name": "Thing.a",
        "json": "Thing.a",
        "value": None,
        "what": None,
        "before": "str",
        "after": None,
        "sides": ["output"],
        "stable": True,
        "effect": "break",
        "breaks_promise": True,
        "old_code_runs": "no",
        "old_code_type_checks": "no",
        "functions": ["portone.thing.get_thing", "portone.thing.get_things"],
        "classes_added": [],
        "fate": None,
        "classes_withheld": [],
    }


# --- changelog ---


def test_changelog_is_a_draft_by_kind() -> None:
    assert (
        renderers.changelog(report_on(*everything()))
        == """\
### Removed

- `Thing`: field `a` (breaks PortOne's promise)
- `portone.thing.get_things`: argument `b` (unstable)

### Renamed

- `Place` is `Spot` now

### Added

- `portone.thing.create_thing`: argument `d` (breaks PortOne's promise)
- `Thing`: field `z`
- `ThingKind`: `"<b>&'|"`, `"GREEN"`
"""
    )


def test_changelog_of_nothing_says_so() -> None:
    text = renderers.changelog(report_on(document(), document()))
    assert text == "- PortOne's document: nothing changed for users.\n"


# --- HTML ---


class Page(HTMLParser):
    """What a page consists of, as a reader without eyes gets it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "input", "wbr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def test_page_is_well_formed_and_needs_nothing_else() -> None:
    text = renderers.page(report_on(*everything()))
    page = Page(text)
    assert page.open == []
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<link|<img|<iframe", text.split("<dl>")[0])
    assert not [a for _, a in page.tags if "src" in a or a.get("href", "#changes") != "#changes"]
    (policy,) = [a for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert "default-src 'none'" in str(policy["content"])
    assert page.all("html") == [{"lang": "en"}]
    assert [len(page.all(tag)) for tag in ("h1", "main", "title")] == [1, 1, 1]
    assert {a["type"] for a in page.all("button")} == {"button", "reset"}


def test_page_escapes_what_the_document_says() -> None:
    text = renderers.page(report_on(*everything()))
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text


@pytest.fixture
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield browser
        browser.close()


# The contrast of every text with what is behind it, as WCAG 2 counts it; alphas are not in use.
CONTRAST = """
() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => parse(text).slice(0, 3)
    .map((c) => c / 255).map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if (parse(color)[3] !== 0) return color;
    }
  };
  const low = [];
  for (const node of document.querySelectorAll("body *")) {
    if (![...node.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
    if (["SCRIPT", "STYLE"].includes(node.tagName)) continue;
    const [a, b] = [light(getComputedStyle(node).color), light(behind(node))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) low.push(node.outerHTML.slice(0, 80));
  }
  return low;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_page_in_a_browser(browser: Any, tmp_path: Path, width: int, scheme: str) -> None:
    path = tmp_path / "report.html"
    path.write_text(renderers.page(report_on(*everything())), encoding="utf-8")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(15_000)
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: problems.append(request.url) if "report.html" not in request.url else None,
    )
    page.goto(path.as_uri())
    shown = page.get_by_role("status")
    rows = page.locator(".row:visible")
    total = rows.count()
    assert shown.inner_text() == f"{total} of {total} rows"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.evaluate(CONTRAST) == []

    # Everything by keyboard and by label: what a screen reader says is what the test asks for.
    page.get_by_label("Name contains").fill("thing.a")
    assert [row.inner_text().split("\n")[0] for row in rows.all()] == ["Thing.a withheld"]
    page.get_by_label("Name contains").fill("no such name")
    assert page.get_by_text("No change matches the filter.").is_visible()
    page.get_by_role("button", name="Reset").press("Enter")
    page.wait_for_function(
        f"document.getElementById('shown').textContent === '{total} of {total} rows'"
    )
    page.get_by_label("Additions").press("Space")
    assert rows.count() < total
    assert not page.get_by_role("heading", name="Additions").is_visible()
    page.get_by_label("Additions").press("Space")
    page.get_by_role("button", name="Fold all", exact=True).press("Enter")
    assert rows.count() == 0
    page.locator("summary").first.press("Enter")
    assert rows.count() > 0
    page.get_by_role("button", name="Unfold all").click()
    assert rows.count() == total
    assert problems == []
    page.close()


def test_page_without_scripts_shows_everything(browser: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    report = report_on(*everything())
    path.write_text(renderers.page(report), encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(path.as_uri())
    assert page.locator(".row:visible").count() == sum(len(s.rows) for s in report.sections)
    assert not page.get_by_role("search").is_visible()
    context.close()


# --- the command ---


Diff = Callable[..., Outcome]


@pytest.fixture
def diff(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Diff:
    def run(old: Json | str, new: Json | str, *options: str) -> Outcome:
        paths: list[str] = []
        for name, source in (("old.json", old), ("new.json", new)):
            (tmp_path / name).write_text(source if isinstance(source, str) else json.dumps(source))
            paths.append(str(tmp_path / name))
        status = main(["diff", paths[0], *options, paths[1]])
        printed = capsys.readouterr()
        return Outcome(status, printed.out, printed.err)

    return run


LISTED = document(GetThingsBody=an_object(page=STRING))
STATUSES: dict[str, tuple[Json, Json, int]] = {
    "nothing": (document(), document(), 0),
    "an addition": (document(Thing=thing()), document(Thing=thing(a=STRING)), 1),
    "what no type shows": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing(a=STRING | {"maxLength": 5})),
        1,
    ),
    "an optional output becomes required": (
        document(Thing=an_object(a=STRING)),
        document(Thing=an_object("a", a=STRING)),
        2,
    ),
    "an unstable operation breaks": (
        LISTED,
        document(GetThingsBody=an_object()),
        2,
    ),
    "what a stable operation lacks stays for a release": (
        document(Thing=thing(a=STRING)),
        document(Thing=thing()),
        2,
    ),
    "a stable operation breaks": (
        document(),
        document(
            CreateThingBody=an_object("name", "d", name=STRING, map=ref("ThingMap"), d=STRING)
        ),
        3,
    ),
}


@pytest.mark.parametrize(("old", "new", "status"), STATUSES.values(), ids=STATUSES.keys())
def test_status(diff: Diff, old: Json, new: Json, status: int) -> None:
    found, out, err = diff(old, new)
    assert (found, err) == (status, "")
    assert out.startswith("# Changes of PortOne's document\n")


@pytest.mark.parametrize("bad", ["", "{", "[]", {"swagger": "2.0"}, document(Thing=None)])
def test_bad_document_is_status_4_and_named(diff: Diff, bad: Json | str) -> None:
    for name, old, new in (("old.json", bad, document()), ("new.json", document(), bad)):
        status, out, err = diff(old, new)
        assert (status, out) == (4, "")
        assert err.startswith("codegen diff: ")
        assert name in err
        assert len(err.splitlines()) == 1


def test_document_that_the_generator_refuses_is_status_4_and_named(diff: Diff) -> None:
    loop: Json = {"type": "array", "items": ref("Loop")}
    refused = document(Thing=thing(loop=ref("Loop")), Loop=loop)
    status, out, err = diff(document(), refused)
    assert (status, out) == (4, "")
    assert err.startswith("codegen diff: new.json: ")
    assert "Recursive and circular references are not supported" in err


@pytest.mark.parametrize(
    "arguments",
    [[], ["a.json", "b.json", "c.json"], ["a.json", "--format", "xml"], ["a", "--output", "b.txt"]],
)
def test_usage_is_status_4(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", *arguments])
    assert caught.value.code == 4
    assert "usage: python -m codegen diff [options] [OLD] NEW" in capsys.readouterr().err


def test_help_explains_the_statuses(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["diff", "--help"])
    assert caught.value.code == 0
    assert re.findall(r"^  (\d)  ", capsys.readouterr().out, re.MULTILINE) == list("01234")


def test_bug_is_status_4(diff: Diff, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: object) -> Report:
        raise ZeroDivisionError

    monkeypatch.setattr("codegen.diff.report.make_report", broken)
    status, out, err = diff(document(), document())
    assert (status, out) == (4, "The comparison failed: this is a bug.\n")
    assert "ZeroDivisionError" in err


def test_formats_are_printed(diff: Diff) -> None:
    old, new = everything()
    assert json.loads(diff(old, new, "--format", "json").out)["status"] == 3
    assert diff(old, new, "--format", "html").out.startswith("<!doctype html>")
    assert diff(old, new, "--changelog").out.startswith(
        "### Deprecated, as PortOne's document no longer has it\n"
    )


def test_formats_are_written(diff: Diff, tmp_path: Path) -> None:
    names = [str(tmp_path / f"report.{suffix}") for suffix in ("md", "json", "html")]
    options = [option for name in names for option in ("--output", name)]
    status, out, _ = diff(*everything(), *options)
    assert (status, out) == (3, "PortOne breaks its promise in 1 place.\n")
    texts = [Path(name).read_text(encoding="utf-8") for name in names]
    assert [text[:9] for text in texts] == ["# Changes", '{\n "forma', "<!doctype"]


def test_report_that_cannot_be_written_is_status_4(diff: Diff, tmp_path: Path) -> None:
    status, out, err = diff(*everything(), "--output", str(tmp_path / "none" / "report.md"))
    assert (status, out) == (4, "")
    assert "report.md cannot be written: No such file or directory" in err


def test_reader_that_stops_early_changes_nothing(tmp_path: Path) -> None:
    for name, source in zip(("old.json", "new.json"), everything(), strict=True):
        (tmp_path / name).write_text(json.dumps(source))
    command = [
        sys.executable,
        "-m",
        "codegen",
        "diff",
        str(tmp_path / "old.json"),
        str(tmp_path / "new.json"),
    ]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), errors) == (3, b"")


# --- the vendored and the published documents ---


def test_vendored_document_is_the_old_one_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(VENDORED.read_text(encoding="utf-8"))
    assert normalise(facts) == facts
    for arguments in (["vendored"], [str(VENDORED)], ["vendored", str(VENDORED)]):
        assert main(["diff", *arguments]) == 0
        assert "no changes" in capsys.readouterr().out


def test_published_and_vendored_are_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(published(NEWEST))]) == 0
    assert "no changes" in capsys.readouterr().out


@pytest.fixture(scope="module")
def between_published() -> Report:
    return make_report(read(str(published(OLDER))), read(str(published(NEWEST))))


def test_breaks_between_published_documents(between_published: Report) -> None:
    breaks = [
        line(row) for s in between_published.sections if s.effect is Effect.BREAK for row in s.rows
    ]
    places = [re.sub(r" \[.*", "", text) for text in breaks]
    assert places == [
        "BREAK: portone.platform.partner.connect_bulk_partner_member_company withheld",
        "BREAK: portone.platform.partner.connect_partner_member_company withheld",
        "BREAK: portone.platform.partner.disconnect_bulk_partner_member_company withheld",
        "BREAK: portone.platform.partner.disconnect_partner_member_company withheld",
        'BREAK in: TaxInvoicesSheetField withheld: "PARTNER_BRN", "PARTNER_NAME"',
        "BREAK in out: B2bTaxInvoiceCompany.brn optional now",
        "BREAK in out: B2bTaxInvoiceCompany.contact optional now",
        "BREAK in out: B2bTaxInvoiceCompany.name optional now",
        "BREAK in out: B2bTaxInvoiceCompany.representative_name optional now",
    ]
    assert between_published.status == 3


def raw_differences(old: Json, new: Json) -> set[str]:
    """By other means, from the published JSON alone: names of operations, parameters, schemas, fields and values."""
    found: set[str] = set()

    def compare(where: str, before: Json | list[Any], after: Json | list[Any]) -> None:
        found.update(f"{where}{name}" for name in set(before) ^ set(after))

    operations: list[Json] = []
    for source in (old, new):
        every = [o for item in source["paths"].values() for o in item.values()]
        operations.append({o["operationId"]: o for o in every})
    compare("", *operations)
    for name in operations[0].keys() & operations[1].keys():
        parameters = [
            {p["name"]: p.get("required", False) for p in side[name].get("parameters", [])}
            for side in operations
        ]
        compare(f"{name}.", *parameters)
        same = parameters[0].keys() & parameters[1].keys()
        found.update(f"{name}.{p}" for p in same if parameters[0][p] != parameters[1][p])
        if operations[0][name].get("x-portone-unstable") != operations[1][name].get(
            "x-portone-unstable"
        ):
            found.add(name)
    schemas = [source["components"]["schemas"] for source in (old, new)]
    compare("", *schemas)
    for name in schemas[0].keys() & schemas[1].keys():
        a, b = schemas[0][name], schemas[1][name]
        compare(f"{name}.", a.get("properties", {}), b.get("properties", {}))
        compare(f"{name}.", a.get("enum", []), b.get("enum", []))
        mappings = [s.get("discriminator", {}).get("mapping", {}) for s in (a, b)]
        compare(f"{name}.", *([*mapping] for mapping in mappings))
        same = a.get("properties", {}).keys() & b.get("properties", {}).keys()
        found.update(
            f"{name}.{f}"
            for f in set(a.get("required", [])) ^ set(b.get("required", []))
            if f in same
        )
        for field in same:
            types = [
                {
                    key: s["properties"][field].get(key)
                    for key in ("type", "format", "$ref", "items")
                }
                for s in (a, b)
            ]
            if types[0] != types[1]:
                found.add(f"{name}.{field}")
    return found


def spoken_of(changes: list[Change], errors: dict[str, dict[str, str]]) -> set[str]:
    """The same names, from the report. Unions of errors, which users do not see, are spoken of by class."""
    found: set[str] = set()
    for change in changes:
        found |= {change.json, *change.classes_added, *change.classes_withheld}
        if change.value:
            found.add(f"{change.json}.{change.value}")
        if change.subject is Subject.ERROR:
            found |= {
                f"{union}.{tag}"
                for union, tags in errors.items()
                for tag, name in tags.items()
                if name == change.json
            }
    return found


def test_every_difference_of_the_published_documents_is_spoken_of(
    between_published: Report,
) -> None:
    old, new = (json.loads(published(name).read_bytes()) for name in (OLDER, NEWEST))
    schemas = old["components"]["schemas"] | new["components"]["schemas"]
    errors = {
        name: {
            tag: target.rpartition("/")[2]
            for tag, target in schema["discriminator"]["mapping"].items()
        }
        for name, schema in schemas.items()
        if "oneOf" in schema
        and "x-portone-status-code" in schemas[schema["oneOf"][0]["$ref"].rpartition("/")[2]]
    }
    reached = [
        set(source.document["components"]["schemas"])
        for source in (between_published.old, between_published.new)
    ]
    found = spoken_of(list(between_published.changes), errors)
    missing = {
        name
        for name in raw_differences(old, new) - found
        if name not in errors
        and name.partition(".")[0]
        in reached[0] | reached[1] | {c.json for c in between_published.changes}
    }
    assert missing == set()


def test_nothing_that_is_spoken_of_is_invented(between_published: Report) -> None:
    old, new = (json.loads(published(name).read_bytes()) for name in (OLDER, NEWEST))
    raw = raw_differences(old, new)
    for change in between_published.changes:
        if (
            change.kind in (Kind.ADDED, Kind.WITHHELD)
            and change.subject is not Subject.ITERATOR
            and not change.what
        ):
            name = f"{change.json}.{change.value}" if change.value else change.json
            assert name in raw, change


def test_published_documents_of_all_years_are_compared_or_refused() -> None:
    names = sorted(path.name for path in published(NEWEST).parent.glob("*.openapi.json"))
    compared = 0
    refusals: list[str] = []
    for old, new in itertools.pairwise(names):
        try:
            report = make_report(read(str(published(old))), read(str(published(new))))
        except CodegenError as error:
            refusals.append(str(error).partition(": ")[0])
            continue
        compared += 1
        assert report.changes
        rows = [line(row) for section in report.sections for row in section.rows]
        assert len(rows) == len(set(rows))
        assert make_report(report.new, report.new).changes == ()
    assert compared > 0
    assert set(refusals) <= set(names)
