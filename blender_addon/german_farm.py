# SPDX-License-Identifier: GPL-3.0-or-later
"""German: render farms."""

TEXTS = {
    "A farm's results need a folder of their own. Choose another.": (
        "Die Ergebnisse einer Farm brauchen einen eigenen Ordner. Wähle einen anderen."
    ),
    "A farm takes image sequences, and “{}” is a movie. Save its frames as pictures and open those "
    "as an image sequence.": (
        "Eine Farm nimmt Bildsequenzen, und „{}“ ist ein Film. Speichere seine Einzelbilder als "
        "Bilder und öffne diese als Bildsequenz."
    ),
    "A job is on its way to the farm": "Ein Auftrag ist auf dem Weg zur Farm",
    "Allow it in Blender's preferences.": "Erlaube es in Blenders Einstellungen.",
    "Blender is not allowed to go online, and this farm is not in the local network.": (
        "Blender darf nicht ins Internet, und diese Farm ist nicht im lokalen Netz."
    ),
    "Flamenco Manager": "Flamenco-Manager",
    "Have a Flamenco farm estimate every frame, with this size, field of view and number of "
    "turns; the frames must lie where the farm sees them": (
        "Jedes Bild von einer Flamenco-Farm schätzen lassen, mit dieser Größe, diesem Sichtfeld "
        "und dieser Zahl von Umläufen; die Bilder müssen liegen, wo die Farm sie sieht"
    ),
    "No farm is chosen. Write its Manager's address.": (
        "Keine Farm ist gewählt. Schreibe die Adresse ihres Managers."
    ),
    "No job is on its way": "Kein Auftrag ist unterwegs",
    "Number of tasks that the frames are shared out to": (
        "Zahl der Aufgaben, auf die die Bilder verteilt werden"
    ),
    "Submit to Farm": "An die Farm schicken",
    "Tasks": "Aufgaben",
    "The address of the Manager of a Flamenco render farm": (
        "Die Adresse des Managers einer Flamenco-Renderfarm"
    ),
    "The farm does not undo what is chosen under Encoding.": (
        "Die Farm macht nicht rückgängig, was unter Codierung gewählt ist."
    ),
    "The farm has the job “{}”": "Die Farm hat den Auftrag „{}“",
    "The farm starts from the trained model, whatever Start says.": (
        "Die Farm beginnt mit dem trainierten Modell, was immer unter Start steht."
    ),
    "Wait no longer for the farm; a job that it has already stays there": (
        "Nicht länger auf die Farm warten; ein Auftrag, den sie schon hat, bleibt dort"
    ),
    "http://farm:8080": "http://farm:8080",
}
