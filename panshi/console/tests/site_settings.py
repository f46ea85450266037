"""The product's settings with the pages of `site` added."""

from panshi.config.settings import *  # noqa: F403

ROOT_URLCONF = "panshi.console.tests.site"
