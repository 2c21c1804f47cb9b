# SPDX-License-Identifier: GPL-3.0-or-later
"""German: what happened, and what to do next."""

TEXTS = {
    "A render result cannot be read. Save it as an image and open that.": (
        "Ein Render-Ergebnis ist nicht lesbar. Speichere es als Bild und öffne dieses."
    ),
    "Ask whoever looks after it.": "Frage, wer sich um ihn kümmert.",
    "Ask whoever looks after it for a new one.": (
        "Bitte den, der sich um ihn kümmert, um einen neuen."
    ),
    "Choose the file you were given.": "Wähle die Datei, die du bekommen hast.",
    "Its log is {}.": "Sein Protokoll ist {}.",
    "It last said:\n{}": "Zuletzt sagte er:\n{}",
    "Scale it down, or estimate its file with python -m backend.batch, which takes up to {} × {} "
    "pixels.": (
        "Verkleinere es, oder schätze seine Datei mit python -m backend.batch, das bis zu {} × {} "
        "Pixel nimmt."
    ),
    "Start it and try again.": "Starte ihn und versuche es noch einmal.",
    "Stop the backend and start it again from here.": (
        "Halte den Dienst an und starte ihn von hier aus neu."
    ),
    "The image “{}” is a result. Open the picture “{}” to estimate that again.": (
        "Das Bild „{}“ ist ein Ergebnis. Öffne das Bild „{}“, um es neu zu schätzen."
    ),
    "The active camera is panoramic. Use a perspective one, or choose another projection.": (
        "Die aktive Kamera ist eine Panoramakamera. Nimm eine perspektivische oder wähle eine "
        "andere Projektion."
    ),
    "The backend at {} does not answer.": "Der Dienst auf {} antwortet nicht.",
    "The backend cannot start. {}": "Der Dienst kann nicht starten. {}",
    "The backend did not accept this Blender's key.": (
        "Der Dienst hat den Schlüssel dieses Blenders nicht angenommen."
    ),
    "The backend did not start within {} seconds.": (
        "Der Dienst ist in {} Sekunden nicht gestartet."
    ),
    "The backend does not answer.": "Der Dienst antwortet nicht.",
    "The backend ended.": "Der Dienst wurde beendet.",
    "The backend has not answered for {} seconds.": (
        "Der Dienst hat seit {} Sekunden nicht geantwortet."
    ),
    "The backend is not running.": "Der Dienst läuft nicht.",
    "The backend speaks protocol {} and this add-on {}.": (
        "Der Dienst spricht Protokoll {} und dieses Add-on {}."
    ),
    "The backend stopped while it was starting.": "Der Dienst hielt beim Starten an.",
    "The connection to the backend broke.": "Die Verbindung zum Dienst ist abgerissen.",
    "The conversation with the backend broke: {}.": "Das Gespräch mit dem Dienst brach ab: {}.",
    "The full log is {}.": "Das ganze Protokoll ist {}.",
    "The image has {} × {} pixels; at most {} each way and {} megapixels in all are possible "
    "here.": (
        "Das Bild hat {} × {} Pixel; hier sind je Seite höchstens {} und im Ganzen {} Megapixel "
        "möglich."
    ),
    "The image “{}” has no pixels. Check that its file exists and is a single picture, "
    "then reload it.": (
        "Das Bild „{}“ hat keine Pixel. Prüfe, ob seine Datei da und ein einzelnes Bild ist, und "
        "lade es neu."
    ),
    "The image “{}” has {} × {} pixels; at least {} each way are needed. Choose a larger image.": (
        "Das Bild „{}“ hat {} × {} Pixel; je Seite sind mindestens {} nötig. Wähle ein größeres."
    ),
    "The image “{}” has {} tiles; only a single picture can be worked on. "
    "Open a tile's file by itself.": (
        "Das Bild „{}“ hat {} Kacheln; nur ein einzelnes Bild kann bearbeitet werden. Öffne die "
        "Datei einer Kachel für sich."
    ),
    "The mask “{}” has {} × {} pixels and the picture {} × {}. "
    "Choose a mask of the picture's size.": (
        "Die Maske „{}“ hat {} × {} Pixel und das Bild {} × {}. Wähle eine Maske von der Größe des "
        "Bildes."
    ),
    "The normal map is the image “{}”": "Die Normal-Map ist das Bild „{}“",
    "The scene “{}” is linked from another file, so nothing can be added to it. "
    "Switch to a scene of this file.": (
        "Die Szene „{}“ ist aus einer anderen Datei verknüpft; zu ihr kann nichts hinzukommen. "
        "Wechsle zu einer Szene dieser Datei."
    ),
    "The scene has no active camera. Add one, or choose another projection.": (
        "Die Szene hat keine aktive Kamera. Füge eine hinzu oder wähle eine andere Projektion."
    ),
    "There is no Python at {}.": "Bei {} ist kein Python.",
    "There is no backend in {}.": "In {} ist kein Dienst.",
    "There is no image to work on. Open or choose one first.": (
        "Es ist kein Bild da. Öffne oder wähle zuerst eines."
    ),
    "This could not be finished: {}.": "Das ließ sich nicht zu Ende bringen: {}.",
    "Undo takes back what was done. The console says more.": (
        "Rückgängig nimmt zurück, was getan wurde. Die Konsole sagt mehr."
    ),
    "Update the CLONE Normals add-on.": "Aktualisiere das Add-on CLONE Normals.",
    "Update the backend and the add-on together.": "Aktualisiere Dienst und Add-on gemeinsam.",
    "Update the backend.": "Aktualisiere den Dienst.",
    "{} is not a key.": "{} ist kein Schlüssel.",
}
