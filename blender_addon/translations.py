# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's texts in other languages.

Names and descriptions are looked up by Blender. A text with values in it is written as a plain
f-string wherever it arises, much of it far from Blender; ``translated`` recognises the entry
``"… {} …"`` that it was made from and puts the values into the translation.
"""

import re
from functools import cache, lru_cache

import bpy

from . import (
    german,
    german_farm,
    german_maps,
    german_messages,
    german_priors,
    german_setup,
    german_sources,
    german_space,
)

CONTEXTS = ("*", "Operator")
"""Blender looks up the names of operators in a context of their own."""
GERMAN = (
    german,
    german_sources,
    german_maps,
    german_space,
    german_setup,
    german_farm,
    german_priors,
    german_messages,
)
LANGUAGES = {"de_DE": {text: said for part in GERMAN for text, said in part.TEXTS.items()}}


def translated(text: str) -> str:
    """Return a text in the language of Blender's interface; an unknown one stays as it is."""
    look_up = bpy.app.translations.pgettext_rpt
    if (entry := entry_of(text)) is not None:
        template, values = entry
        translation = look_up(template)
        return text if translation == template else translation.format(*map(_inner, values))
    first, stop, rest = text.partition(". ")
    if (translation := look_up(text)) != text or not stop:
        return translation
    return f"{translated(first + '.')} {translated(rest)}"


def _inner(value: str) -> str:
    """Translate a value that is a sentence; names and numbers are the artist's."""
    return translated(value) if value.endswith(".") else value


@lru_cache(512)
def entry_of(text: str) -> tuple[str, tuple[str, ...]] | None:
    """Return the entry with values that a text was made from, and its values, if there is one.

    Of several that fit, the one with the most words of its own.
    """
    fitting = [
        (template, found.groups())
        for template, pattern in _patterns().items()
        if (found := pattern.fullmatch(text))
    ]
    return max(fitting, key=lambda entry: len(entry[0]), default=None)


@cache
def _patterns() -> dict[str, re.Pattern[str]]:
    return {
        text: re.compile("(.*)".join(re.escape(part) for part in text.split("{}")), re.DOTALL)
        for texts in LANGUAGES.values()
        for text in texts
        if "{}" in text
    }


def register() -> None:
    """Give Blender the texts."""
    tables = {
        language: {(context, text): said for text, said in texts.items() for context in CONTEXTS}
        for language, texts in LANGUAGES.items()
    }
    bpy.app.translations.register(__package__, tables)


def unregister() -> None:
    """Take the texts back."""
    bpy.app.translations.unregister(__package__)
