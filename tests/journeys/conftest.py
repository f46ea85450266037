"""The windows of the journeys; each brings its own site."""

from tests.site import opened, phone, static_files

__all__ = ["opened", "phone", "static_files"]
