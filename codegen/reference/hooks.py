"""What mkdocs calls while it builds the site: `hooks` in mkdocs.yml."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mkdocs.plugins import event_priority

from codegen.document import ROOT
from codegen.reference import pages

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.nav import Navigation
    from mkdocs.structure.pages import Page

_OTHER_LANGUAGE: Final = re.compile(
    r"^\[(?:한국어|English)\]\([\w.]+\.md\)(?: · )?\n?", re.MULTILINE
)
"""The line that leads readers on GitHub to the other language. The site has a menu for it."""
_REFERENCE: Final = {
    "../portone_async/api": "reference/index.md",
    "../portone_async/models/errors.py": "reference/errors.md",
}
"""Generated code, to which readers on GitHub are led, and the pages about it, which are only on the site."""
_ALTERNATE: Final = re.compile(r'\s*<link rel="alternate"[^>]*>')
_LINK: Final = re.compile(r"(?<=\]\()(?![a-z]+:|[#/])([^)\s]+)(?=\))")


def on_startup(**_: Any) -> None:
    """Write the pages of the reference, which both languages are then built from."""
    _write(ROOT / "docs" / "reference", pages.pages(pages.read_api()))


def on_config(config: MkDocsConfig) -> None:
    """Put the pages in place of each pattern in the navigation."""
    settings: Any = config
    settings.nav = _expanded(settings.nav, Path(config.docs_dir), set(_paths(settings.nav)))


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Leave out what is there for readers on GitHub, and change the links that lead out of the site.

    Those to generated code lead to the reference, all others to GitHub.
    """
    folder = posixpath.dirname(page.file.src_uri)

    def outside(link: re.Match[str]) -> str:
        path = posixpath.normpath(posixpath.join(folder, link.group()))
        if path in _REFERENCE:
            return posixpath.relpath(_REFERENCE[path], folder)
        return f"{config.repo_url}/blob/main/{path[3:]}" if path.startswith("../") else link.group()

    del files
    return _LINK.sub(outside, _OTHER_LANGUAGE.sub("", markdown, count=1))


def on_page_context(
    context: dict[str, Any], *, page: Page, config: MkDocsConfig, nav: Navigation
) -> dict[str, Any]:
    """Let each language search an index of its own, which the theme looks for below `base_url`.

    The language menu leads from each page to the same page, the first one included: the i18n plugin leaves that to
    addresses that are right only at the root of a host.
    """
    del nav
    # With what the i18n plugin adds.
    file: Any = page.file
    extra: Any = config.extra
    if file.locale_alternate_of != "en":
        context["base_url"] = posixpath.join(context["base_url"], file.locale_alternate_of, "")
    for alternate in extra.alternate:
        alternate["link"] = file.alternates[alternate["lang"]].url or "./"
    return context


def on_post_page(output: str, **_: Any) -> str:
    """Leave out relative links to the other language: crawlers do not take them, and the theme asks for sitemaps there."""
    return _ALTERNATE.sub("", output)


@event_priority(-200)  # after the i18n plugin, which puts all languages into one index
def on_post_build(config: MkDocsConfig) -> None:
    """Divide the index of the search by language."""
    site = Path(config.site_dir)
    index = json.loads((site / "search" / "search_index.json").read_text(encoding="utf-8"))
    docs = index["docs"]
    for prefix, folder in (("", site), ("ko/", site / "ko")):
        own = [doc for doc in docs if doc["location"].startswith("ko/") == bool(prefix)]
        for doc in own:
            doc["location"] = doc["location"].removeprefix(prefix)
        path = folder / "search" / "search_index.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(index | {"docs": own}, ensure_ascii=False), encoding="utf-8")


def _write(folder: Path, texts: dict[str, str]) -> None:
    """Make a folder hold these files, touching only those that differ: `mkdocs serve` watches it."""
    for path in [p for p in folder.rglob("*.md") if p.relative_to(folder).as_posix() not in texts]:
        path.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")


def _paths(nav: Any) -> Iterator[str]:
    """Every path in a navigation, patterns included."""
    if isinstance(nav, str):
        yield nav
    else:
        for item in nav.values() if isinstance(nav, dict) else nav:  # pyright: ignore[reportUnknownVariableType]
            yield from _paths(item)


def _expanded(nav: Any, docs: Path, named: set[str]) -> Any:
    """A navigation with the pages that are not named in it in place of patterns."""
    if isinstance(nav, dict):
        return {title: _expanded(items, docs, named) for title, items in nav.items()}  # pyright: ignore[reportUnknownVariableType]
    if isinstance(nav, str):
        return nav
    result: list[Any] = []
    for item in nav:
        if isinstance(item, str) and "*" in item:
            found = sorted(docs.glob(item), key=lambda path: path.stem)
            paths = [path.relative_to(docs).as_posix() for path in found if ".ko." not in path.name]
            result += [_entry(path) for path in paths if path not in named]
        else:
            result.append(_expanded(item, docs, named))
    return result


def _entry(path: str) -> str | dict[str, str]:
    """A page in the navigation: those of the reference go by their namespace alone, as the menu says of what they are."""
    return {posixpath.basename(path)[:-3]: path} if path.startswith("reference/") else path
