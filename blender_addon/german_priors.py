# SPDX-License-Identifier: GPL-3.0-or-later
"""German: external models that give estimates their shape."""

TEXTS = {
    "Accept and Download": "Annehmen und herunterladen",
    "Ask whoever keeps it: python -m backend.priors fetch {}": (
        "Frag, wer ihn betreut: python -m backend.priors fetch {}"
    ),
    "Check the network, the disk and the package index. The backend works as before.": (
        "Prüfe Netz, Datenträger und Paketindex. Der Dienst arbeitet wie zuvor."
    ),
    "Download an external model of normals, after showing its licence. It gives estimates of "
    "rooms and large forms their shape, and is optional": (
        "Ein fremdes Normalenmodell herunterladen, nachdem seine Lizenz gezeigt wurde. Es gibt "
        "Schätzungen von Räumen und großen Formen ihre Form und muss nicht sein"
    ),
    "Fetch a Prior": "Vorwissen holen",
    "Fetch a Prior…": "Vorwissen holen…",
    "Fetching the Prior": "Vorwissen wird geholt",
    "{} MB from {}": "{} MB von {}",
    "{} MB, {}": "{} MB, {}",
    "own file {}": "eigene Datei {}",
    "moge2-b": "moge2-b",
    "moge2-s": "moge2-s",
    "Delete this prior from this machine": "Dieses Vorwissen von diesem Rechner löschen",
    "Install it.": "Installiere ihn.",
    "Install the backend once more.": "Installiere den Dienst noch einmal.",
    "Installing onnxruntime": "onnxruntime wird installiert",
    "Installing pip": "pip wird installiert",
    "Its file is deleted unless it has another name too": (
        "Seine Datei wird gelöscht, wenn sie keinen weiteren Namen hat"
    ),
    "Name of an external model that gives the shape, installed where the backend computes; the "
    "add-on's preferences fetch one. Empty for none": (
        "Name eines fremden Modells, das die Form gibt und dort installiert ist, wo der Dienst "
        "rechnet; die Einstellungen des Add-ons holen eines. Leer für keines"
    ),
    "Not installed on this machine": "Auf diesem Rechner nicht installiert",
    "Priors": "Vorwissen",
    "Priors lie on the server that computes.": "Vorwissen liegt auf dem Server, der rechnet.",
    "Remove the prior {}?": "Das Vorwissen {} entfernen?",
    "Stop the backend and try again.": "Halte den Dienst an und versuche es noch einmal.",
    "The name of the prior to delete": "Der Name des Vorwissens, das gelöscht wird",
    "The Original Licence": "Die Lizenz im Original",
    "The confidence is our own model's, not the prior's": (
        "Die Konfidenz ist die unseres Modells, nicht die des Vorwissens"
    ),
    "The large model, three times the size": "Das große Modell, dreimal so groß",
    "The prior could not be fetched.": "Das Vorwissen ließ sich nicht holen.",
    "The prior could not be removed: {}.": "Das Vorwissen ließ sich nicht entfernen: {}.",
    "The server looks it up": "Der Server sucht es",
    "The small model, for computers without a GPU": "Das kleine Modell, für Rechner ohne GPU",
    "There is no backend to fetch a prior for.": (
        "Es gibt keinen Dienst, für den Vorwissen geholt werden könnte."
    ),
    "There is no prior {} on this machine.": "Auf diesem Rechner gibt es kein Vorwissen {}.",
    "These notices were written from memory; the original lies there": (
        "Diese Hinweise sind aus dem Gedächtnis geschrieben; das Original liegt dort"
    ),
    "To use one, choose it in the panel under Advanced → Prior": (
        "Wähle eines im Panel unter Erweitert → Vorwissen, um es zu benutzen"
    ),
    "What has arrived is kept: try again, and it goes on from there.": (
        "Was angekommen ist, bleibt: Versuche es noch einmal, und es geht von dort weiter."
    ),
    "What runs a prior could not be installed.": (
        "Was Vorwissen ausführt, ließ sich nicht installieren."
    ),
    "Which model to fetch": "Welches Modell geholt wird",
}
