"""The documentation site, built strictly: every operation is in it, every link leads somewhere, nothing comes from outside."""

from __future__ import annotations

import functools
import http.server
import importlib
import json
import os
import pkgutil
import re
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from portone_async import api, models
from portone_async._operation import Operation
from portone_async.models import errors
from tests.chromium import CHROMIUM, FLAGS

if TYPE_CHECKING:
    from playwright.async_api import Browser

for package in ("mkdocs", "material", "mkdocstrings", "mkdocs_static_i18n"):
    pytest.importorskip(package, reason="mkdocs is not installed: requirements-docs.txt")

ROOT = Path(__file__).parents[2]
LANGUAGES = {"en": "", "ko": "ko/"}
EVERY_LANGUAGE = pytest.mark.parametrize("language", LANGUAGES)
NOTE = "이 문서는 영어로만 제공됩니다."
HERE = "https://site.test/"
"""Where the links of the pages are resolved."""
EMPTY_INDEX: dict[str, Any] = {
    "config": {"lang": ["en"], "separator": " ", "pipeline": [], "fields": {}},
    "docs": [],
}
# The site takes most of a minute of both cores.
pytestmark = [pytest.mark.load, pytest.mark.anyio]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"  # Playwright knows no other


class PageParser(HTMLParser):
    """The anchors of a page, where it links to, and what the browser loads for it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: set[str] = set()
        self.loaded: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value for name, value in attrs if value is not None}
        self.anchors |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.links.add(found["href"])
        elif tag == "link" and found.get("rel") not in ("canonical", "alternate", "prev", "next"):
            self.loaded.add(found["href"])
        elif tag == "link":
            self.links.add(found["href"])
        if tag in ("script", "img", "iframe", "source", "video", "audio") and "src" in found:
            self.loaded.add(found["src"])


class Site:
    """The built site: its pages by address below the root, read once."""

    def __init__(self, folder: Path, warnings: str) -> None:
        self.folder, self.warnings = folder, warnings
        self.texts = {
            path.relative_to(folder).as_posix().removesuffix("index.html"): path.read_text("utf-8")
            for path in sorted(folder.rglob("*.html"))
        }
        self.pages = {address: PageParser(text) for address, text in self.texts.items()}

    def index(self, language: str) -> list[dict[str, str]]:
        """What the search of a language knows."""
        path = self.folder / LANGUAGES[language] / "search" / "search_index.json"
        return json.loads(path.read_text("utf-8"))["docs"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT), "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Site(folder, done.stdout + done.stderr)


def operations() -> Iterator[tuple[str, str, Operation[Any]]]:
    """The namespace, the function and the facts of every operation of the SDK."""
    for module in pkgutil.walk_packages(api.__path__, f"{api.__name__}."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, Operation):
                yield module.name.removeprefix(f"{api.__name__}."), name[1:].lower(), value


def test_it_is_built_without_a_warning(site: Site) -> None:
    assert site.warnings == ""
    assert len(site.pages) > 2 * 60


@EVERY_LANGUAGE
def test_every_operation_has_its_section(site: Site, language: str) -> None:
    found = list(operations())
    assert len(found) == 147
    for namespace, name, operation in found:
        address = f"{LANGUAGES[language]}reference/operations/{namespace}/"
        text = re.split(r"<h2 id=", site.texts[address])
        section = next(part for part in text if part.startswith(f'"{name}"'))
        assert f"{operation.method} {operation.path}" in section
        assert re.search(rf">{name}</span><span", section), "no signature"
        for error in operation.errors:
            assert f"errors/#{error}" in section


@EVERY_LANGUAGE
def test_every_model_enum_and_error_is_described_once(site: Site, language: str) -> None:
    reference = f"{LANGUAGES[language]}reference/"
    anchors = [
        anchor
        for address, page in site.pages.items()
        if address.startswith((f"{reference}models/", f"{reference}enums/", f"{reference}errors/"))
        for anchor in page.anchors
    ]
    for name in (*models.__all__, *errors.__all__):
        assert anchors.count(name) == 1, name


def test_every_link_leads_to_a_page_and_a_place_on_it(site: Site) -> None:
    dead: list[str] = []
    for address, page in site.pages.items():
        for link in page.links | page.loaded:
            target = urlsplit(urljoin(HERE + address, link))
            if f"{target.scheme}://{target.netloc}/" != HERE:
                continue
            path, anchor = target.path[1:], unquote(target.fragment)
            if path in site.pages:
                if anchor and anchor not in site.pages[path].anchors:
                    dead.append(f"{address}: {link}")
            elif not (site.folder / unquote(path)).is_file():
                dead.append(f"{address}: {link}")
    assert dead == []


@EVERY_LANGUAGE
@pytest.mark.parametrize(
    ("address", "link"), [("", "reference/"), ("library/exceptions/", "../../reference/errors/")]
)
def test_where_github_shows_code_the_site_shows_the_reference(
    site: Site, language: str, address: str, link: str
) -> None:
    page = site.texts[LANGUAGES[language] + address]
    article = page.partition("<article")[2].partition("</article>")[0]
    assert f'href="{link}"' in article


def test_links_to_the_repository_lead_to_files(site: Site) -> None:
    home = "https://github.com/portone-async/portone-async/"
    links = {link for page in site.pages.values() for link in page.links if link.startswith(home)}
    assert links
    for link in links - {home}:
        found = re.fullmatch(rf"{home}(?:blob|tree)/main/([^#]*)(?:#.*)?", link)
        if found:
            assert (ROOT / found[1]).exists(), link


def test_pages_load_nothing_from_other_hosts(site: Site) -> None:
    loaded = {
        urljoin(HERE + address, each)
        for address, page in site.pages.items()
        for each in page.loaded
    }
    assert {each for each in loaded if not each.startswith((HERE, "data:"))} == set()
    for sheet in site.folder.rglob("*.css"):
        assert (
            re.findall(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", sheet.read_text("utf-8")) == []
        )


def test_pages_without_korean_say_so(site: Site) -> None:
    for address, text in site.texts.items():
        source = (ROOT / "docs" / address.removeprefix("ko/")).as_posix().rstrip("/")
        korean = any(Path(f"{source}{end}").exists() for end in (".ko.md", "/index.ko.md"))
        expected = address.startswith("ko/") and not korean
        assert (NOTE in text) == expected, address


@EVERY_LANGUAGE
def test_each_language_searches_its_own_pages(site: Site, language: str) -> None:
    prefix = LANGUAGES[language]
    for entry in site.index(language):
        address, _, anchor = entry["location"].partition("#")
        page = site.pages[prefix + address]
        assert not anchor or unquote(anchor) in page.anchors


@pytest.fixture(scope="module")
def address(site: Site) -> Iterator[str]:
    """The site, served below a path, as projects' pages are."""

    class Handler(http.server.SimpleHTTPRequestHandler):
        def translate_path(self, path: str) -> str:
            return super().translate_path(path.removeprefix("/portone-async"))

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  (its name)
            pass

    handler = functools.partial(Handler, directory=str(site.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/portone-async/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
async def browser() -> AsyncGenerator[Browser]:
    playwright = pytest.importorskip("playwright.async_api", reason="Playwright is not installed")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    async with playwright.async_playwright() as driver:
        browser = await driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        await browser.close()


@EVERY_LANGUAGE
@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ({"en": "partial cancel", "ko": "부분 취소"}, "operations/payment/#cancel_payment"),
        (
            {"en": "partial cancel", "ko": "PartialCancelled"},
            "models/payment/#PartialCancelledPayment",
        ),
        ({"en": "cancel_payment", "ko": "cancel_payment"}, "operations/payment/#cancel_payment"),
    ],
)
async def test_the_search_finds(
    address: str, browser: Browser, language: str, phrase: dict[str, str], expected: str
) -> None:
    root = address + LANGUAGES[language]
    page = await browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(60_000)
    failed: list[str] = []
    page.on("response", lambda r: failed.append(r.url) if r.status >= 400 else None)
    await page.goto(root)
    field = page.get_by_role("textbox")
    await field.click()
    await field.fill(phrase[language])
    await field.press("End")  # filling a field is no key, which is what the search listens to
    results = page.locator(".md-search-result__link")
    await results.first.wait_for()
    hrefs: list[str] = await results.evaluate_all("links => links.map(link => link.href)")
    await page.close()
    # Without the words to highlight, which each address carries.
    found = [urlsplit(href)._replace(query="").geturl() for href in hrefs]
    assert all(href.startswith(root) for href in found)
    assert f"{root}reference/{expected}" in found[:10]
    assert failed == []


async def test_pages_fit_a_phone_and_ask_nobody_else(
    site: Site, address: str, browser: Browser
) -> None:
    """Every guide, and of each folder the page with most on it: its pages are alike."""
    guides: list[str] = []
    folders: dict[str, list[str]] = {}
    for page in site.pages:
        if not page.endswith(".html") and NOTE not in site.texts[page]:
            folder, _, name = page.removesuffix("/").rpartition("/")
            if f"{folder}/" in (*LANGUAGES.values(), "/") or f"{name}/" in LANGUAGES.values():
                guides.append(page)
            else:
                folders.setdefault(folder, []).append(page)
    largest = [max(pages, key=lambda page: len(site.texts[page])) for pages in folders.values()]
    assert {"", "ko/", "facts/", "ko/facts/"} <= set(guides)
    assert {"reference/operations", "ko/reference/models", "library", "decisions"} <= set(folders)
    context = await browser.new_context(
        viewport={"width": 390, "height": 844}, color_scheme="dark", is_mobile=True
    )
    # Each page reads the whole index of the search anew, which takes longer than all the rest.
    await context.route("**/search_index.json", lambda route: route.fulfill(json=EMPTY_INDEX))
    page = await context.new_page()
    page.set_default_timeout(60_000)
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    too_wide: list[str] = []
    for each in [*guides, *largest]:
        await page.goto(address + each)
        await page.locator("article").wait_for()
        width: int = await page.evaluate("document.documentElement.scrollWidth")
        if width > 390:
            too_wide.append(f"{each}: {width}")
    await context.close()
    assert too_wide == []
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()
