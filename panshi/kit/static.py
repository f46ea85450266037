"""Static files: our own are hashed by content, third-party folders carry their version already."""

import re
from collections.abc import Iterator
from typing import Any

from django.contrib.staticfiles.storage import ManifestStaticFilesStorage

_HASHED = re.compile(r"\.[0-9a-f]{12}\.[a-z0-9]+$")


class HashedStorage(ManifestStaticFilesStorage):
    support_js_module_import_aggregation = True
    manifest_strict = False

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        own = {name: path for name, path in paths.items() if not name.startswith("vendor/")}
        yield from super().post_process(own, dry_run, **options)

    def stored_name(self, name: str) -> str:
        # Before the files are collected (tests, development) they bear their plain names.
        if name.startswith("vendor/") or not self.hashed_files:
            return name
        return super().stored_name(name)


def is_immutable(path: str, url: str) -> bool:
    """Tell WhiteNoise which files never change under their name."""
    return "/vendor/" in url or _HASHED.search(url) is not None
