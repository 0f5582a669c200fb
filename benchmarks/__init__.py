"""Measurements of FormCheck itself; see README.md in this folder. Not part of the installed package."""
