"""What the build of this distribution adds: PortOne's document, from the repository that also holds the SDK."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "portone-v2.json"


class DocumentHook(BuildHookInterface[Any]):
    """Adds the document, unless it is there already, as in a source distribution."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add it to a wheel or a source distribution; an editable install reads the repository's.

        Raises:
            FileNotFoundError: there is none: what is built would not start.
        """
        place = Path("portone_emulator/document", NAME)
        vendored = Path(self.root).parent / "openapi" / NAME
        if vendored.is_file():
            if version != "editable":
                build_data["force_include"][str(vendored)] = place.as_posix()
        elif not (Path(self.root) / place).is_file():
            raise FileNotFoundError(f"{vendored} is missing: build from a clone of the repository")
