"""The product's settings with the pages of `site` added."""

from pathlib import Path
from typing import Any

from panshi.config import settings

for _name in dir(settings):
    if _name.isupper():
        globals()[_name] = getattr(settings, _name)

ROOT_URLCONF = "panshi.console.tests.site"
TEMPLATES: list[dict[str, Any]] = [dict(settings.TEMPLATES[0])]
TEMPLATES[0]["DIRS"] = [Path(__file__).parent / "pages"]
TEMPLATES[0]["OPTIONS"] = dict(TEMPLATES[0]["OPTIONS"])
TEMPLATES[0]["OPTIONS"]["loaders"] = [
    (
        "template_partials.loader.Loader",
        [
            "django.template.loaders.filesystem.Loader",
            "django.template.loaders.app_directories.Loader",
        ],
    )
]
