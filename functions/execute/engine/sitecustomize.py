"""Imported by the `site` module of a nursery, and of nothing else: see nursery.py."""

from functions.execute.engine.nursery import serve

serve()
