"""Tides; asked for on one kind of machine only."""
