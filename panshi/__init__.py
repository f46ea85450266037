"""Panshi: the platform on which an electric logistics-vehicle business runs."""

__version__ = "0.1.0"
