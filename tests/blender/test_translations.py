"""Every text of the add-on has a German one."""

import re
import string
import sys
from types import SimpleNamespace

import pytest

from tests.blender.conftest import MODULE
from tests.blender.own import registered_texts, written_texts

NOT_SHOWN = {
    "Linear Rec.709", "Linear Rec.709 (sRGB)", "Utility - Linear - sRGB",
    "Utility - Linear - Rec.709", "sRGB - Texture", "sRGB Encoded Rec.709 (sRGB)",
    "Utility - sRGB - Texture", "AgX Base sRGB", "Filmic sRGB", "{} Blended", "{} render",
    "Sun X", "Sun Y", "Sun Z", "Sun Color", "Sun Strength", "Ambient Color",
}  # fmt: skip
"""Names of data, sockets and color spaces."""
OURS = "CLONE "
"""How names of nodes and threads begin, and texts made only of others."""


STAGES = {
    "Receiving", "Queued", "Starting", "Preparing", "Finding a start", "Asking the prior",
    "Closing the loop", "Full resolution", "Done", "Importing", "Saving",
}  # fmt: skip
"""What the work is called that the progress bar shows; most of it the backend's."""

NOTES = {"The confidence is our own model's, not the prior's"}
"""What a report notes in the backend's words."""


@pytest.fixture
def german(addon):
    return sys.modules[f"{MODULE}.translations"].LANGUAGES["de_DE"]


def test_every_text_has_a_german_one(german):
    texts = (registered_texts() | written_texts()).items()
    known = german.keys() | NOT_SHOWN
    missing = {text: at for text, at in texts if text not in known and not text.startswith(OURS)}
    lines = [f"    {quoted(text)}: {quoted('')},  # {where}" for text, where in missing.items()]
    assert not missing, "to be added to german.py:\n" + "\n".join(lines)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def test_no_german_text_is_left_over(german):
    left = german.keys() - (registered_texts() | written_texts()).keys() - STAGES - NOTES
    assert not left, sorted(left)


def test_translations_say_as_much_as_the_texts(german):
    for text, said in german.items():
        assert said.strip(), text
        assert said.endswith(".") == text.endswith("."), (text, said)
        fields = [field for _, field, *_ in string.Formatter().parse(said) if field is not None]
        assert len(set(fields)) == text.count("{}") or "" in fields, (text, said)
        assert len(fields) == text.count("{}"), (text, said)
        assert len(said) <= 1.6 * len(text) + 15, (text, said)  # it has to fit where the text does


@pytest.fixture
def speaking(addon, monkeypatch):
    """The add-on's translations in a Blender that speaks German."""
    module = sys.modules[f"{MODULE}.translations"]
    blender = SimpleNamespace(app=SimpleNamespace(translations=Speaking()))
    monkeypatch.setattr(module, "bpy", blender)
    module.register()
    yield module
    module.unregister()
    assert not blender.app.translations.texts


def test_a_text_is_translated_sentence_by_sentence_where_it_is_unknown(speaking, german):
    said = speaking.translated
    first, second = "The backend is not running.", "Start it and try again."
    assert said(f"{first} {second}") == f"{german[first]} {german[second]}"
    inner = said("There is no Python at /usr/bin/nothing.")
    assert "/usr/bin/nothing" in inner and inner in said(
        "The backend cannot start. There is no Python at /usr/bin/nothing."
    )
    assert "„Flat“" in said("The normal map is the image “Flat”")


def test_texts_with_values_are_recognised(speaking, german):
    translations = speaking
    assert translations.translated("Estimate Normals") == german["Estimate Normals"]
    assert translations.translated("from nowhere") == "from nowhere"
    for text, said in german.items():
        values = [f"value {number}" for number in range(text.count("{}"))]
        if values:
            assert translations.translated(text.format(*values)) == said.format(*values), text


class Speaking:
    """Blender in German, as its documentation has it: the module was built with English alone."""

    def __init__(self):
        self.texts = {}

    def register(self, name, tables):
        self.texts = tables["de_DE"]

    def unregister(self, name):
        self.texts = {}

    def pgettext_rpt(self, text):
        return self.texts.get(("*", text), text)


def test_german_is_written_with_its_own_letters(german):
    for said in german.values():
        assert not re.search(r"\b(fuer|ueber|koenn|waehl|oeffne|groess)", said.lower()), said
