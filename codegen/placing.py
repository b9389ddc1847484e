"""Where a new operation would live in the client: beside those that are nearest by path and category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from attrs import define

from codegen.document import Json, operations


@define(frozen=True)
class Proposal:
    """Where a new operation would live in the client."""

    id: str
    place: str
    """Its method and path."""
    category: str
    """PortOne's own, which is no more than a hint: it has moved operations between categories."""
    namespace: str
    """Empty if nothing speaks for any."""

    def __str__(self) -> str:
        category = f", {self.category}" if self.category else ""
        return f"{self.id} ({self.place}{category})"


def propose(
    document: Json, categories: Mapping[str, str], namespaces: Mapping[str, list[str]]
) -> list[Proposal]:
    """A namespace for each operation that has none: that of the operations which are nearest by path and category."""
    pinned = {name: space for space, names in namespaces.items() for name in names}
    every = {o["operationId"]: (method, path) for path, method, o in operations(document)}
    near = [
        (pinned[name], _words(path), categories.get(name))
        for name, (_, path) in every.items()
        if name in pinned
    ]
    proposals: list[Proposal] = []
    for name, (method, path) in sorted(every.items()):
        if name in pinned:
            continue
        category, words = categories.get(name, ""), _words(path)
        votes: Counter[str] = Counter()
        for space, others, other in near:
            # A shared beginning says the more the longer it is; a category as much as two words.
            votes[space] = max(
                votes[space], 3 * _shared(words, others) + 2 * bool(category and category == other)
            )
        best = max(votes.values(), default=0)
        winners = sorted(space for space, vote in votes.items() if vote == best)
        proposals.append(Proposal(name, f"{method} {path}", category, winners[0] if best else ""))
    return proposals


def _words(path: str) -> list[str]:
    return [word for word in path.strip("/").split("/") if not word.startswith("{")]


def _shared(one: list[str], other: list[str]) -> int:
    """How many words two paths have in common before they part."""
    count = 0
    for a, b in zip(one, other, strict=False):
        if a != b:
            break
        count += 1
    return count
