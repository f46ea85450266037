"""Arithmetic of the handbook: conditions, procedures, clocks, measures; no clock, no database."""
