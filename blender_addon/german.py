# SPDX-License-Identifier: GPL-3.0-or-later
"""German."""

TEXTS = {
    # names in the interface
    "About {} s on this machine": "Etwa {} s auf diesem Rechner",
    "Active Camera": "Aktive Kamera",
    "Add Settings Preset": "Vorgabe hinzufügen",
    "Advanced": "Erweitert",
    "Backend": "Rechendienst",
    "Backend Python": "Python des Dienstes",
    "Backend: Off": "Rechendienst: aus",
    "Backend: Starting": "Rechendienst: startet",
    "Backend: {}": "Rechendienst: {}",
    "Balanced": "Ausgewogen",
    "CLONE Normals": "CLONE Normals",
    "Cancel": "Abbrechen",
    "Cancelled": "Abgebrochen",
    "Custom": "Eigene",
    "Device": "Gerät",
    "Dismiss": "Weglegen",
    "Error {} to {}": "Fehler {} auf {}",
    "Esc: Cancel": "Esc: Abbrechen",
    "Estimate Normals": "Normalen schätzen",
    "Fast": "Schnell",
    "Field of View": "Bildwinkel",
    "Fine": "Fein",
    "Flat": "Flach",
    "Gaussians": "Gaußpunkte",
    "Image": "Bild",
    "Light found": "Licht gefunden",
    "Mask": "Maske",
    "Megapixels": "Megapixel",
    "None: compute on this machine": "Keiner: auf diesem Rechner rechnen",
    "Open Preferences": "Einstellungen öffnen",
    "Outline": "Umriss",
    "Preset": "Vorgabe",
    "Presets": "Vorgaben",
    "Prior": "Vorwissen",
    "Projection": "Projektion",
    "Refine": "Verfeinern",
    "Refine Steps": "Schritte der Verfeinerung",
    "Relightable Card": "Beleuchtbare Karte",
    "Run Folder": "Laufordner",
    "Seamless": "Nahtlos",
    "Seconds": "Sekunden",
    "Server Key": "Schlüssel des Servers",
    "Settings": "Einstellungen",
    "Shading": "Schattierung",
    "Source Folder": "Quellordner",
    "Start": "Start",
    "Start Automatically": "Von selbst starten",
    "Start Backend": "Dienst starten",
    "Disconnect": "Trennen",
    "Stop": "Anhalten",
    "Stop Backend": "Dienst anhalten",
    "The light cannot be told": "Das Licht ist nicht zu erkennen",
    "Trained Model": "Trainiertes Modell",
    "Working Size": "Arbeitsgröße",
    "{} Gaussians in {} s": "{} Gaußpunkte in {} s",
    "{} s left": "noch {} s",
    # what is being done
    "Asking the prior": "Vorwissen befragen",
    "Closing the loop": "Schleife schließen",
    "Connecting to the Backend": "Verbindung zum Dienst",
    "Done": "Fertig",
    "Finding a start": "Anfang finden",
    "Full resolution": "Volle Auflösung",
    "Importing": "Übernehmen",
    "Preparing": "Vorbereiten",
    "Queued": "Wartet",
    "Receiving": "Empfangen",
    "Reconnecting to the Backend": "Neue Verbindung zum Dienst",
    "Saving": "Speichern",
    "Sending the Image": "Bild senden",
    "Starting": "Starten",
    "Starting the Backend": "Dienst starten",
    "The Backend Is Not Answering": "Der Dienst antwortet nicht",
    # descriptions
    "A flat texture, or a picture taken from far away (orthographic)": (
        "Eine flache Textur oder ein Bild aus großer Entfernung (orthografisch)"
    ),
    "A grid of 128 pixels: the large forms, for a first look": (
        "Ein Raster von 128 Pixeln: die großen Formen, für einen ersten Blick"
    ),
    "A grid of 256 pixels": "Ein Raster von 256 Pixeln",
    "A grid of 512 pixels: smaller forms, in more time and memory": (
        "Ein Raster von 512 Pixeln: kleinere Formen, mit mehr Zeit und Speicher"
    ),
    "A photograph taken with a lens of a known field of view": (
        "Ein Foto durch ein Objektiv mit bekanntem Bildwinkel"
    ),
    "A picture seen through the scene's active camera": (
        "Ein Bild, wie es die aktive Kamera der Szene sieht"
    ),
    "A source checkout to run the backend from; empty when it is installed": (
        "Ein Quellordner, aus dem der Dienst läuft; leer, wenn er installiert ist"
    ),
    "A working size of one's own, chosen under Advanced": (
        "Eine eigene Arbeitsgröße, gewählt unter Erweitert"
    ),
    "Add a plane with the picture's colors and normals that any light can relight": (
        "Eine Fläche mit Farben und Normalen des Bildes hinzufügen, die jedes Licht neu beleuchtet"
    ),
    "Add a sun that shines as in the picture, where the picture shows it": (
        "Eine Sonne hinzufügen, die wie im Bild scheint, wo das Bild sie zeigt"
    ),
    "Add the Gaussians as a point cloud": "Die Gaußpunkte als Punktwolke hinzufügen",
    "An estimate is running": "Eine Schätzung läuft",
    "Estimate normals, albedo, light and Gaussians from the image": (
        "Normalen, Albedo, Licht und Gaußpunkte aus dem Bild schätzen"
    ),
    "Go on until the answer re-renders the picture as well as it can, and watch it do so. "
    "It fits the picture better; the normals are, on average, no more accurate": (
        "Weiterrechnen, bis die Antwort das Bild so gut wie möglich wiedergibt, und dabei zusehen. "
        "Sie passt besser zum Bild; die Normalen sind im Mittel nicht genauer"
    ),
    "Horizontal field of view of the whole picture": ("Waagerechter Bildwinkel des ganzen Bildes"),
    "How fine the estimate is, and so how long it takes": (
        "Wie fein die Schätzung ist, und damit, wie lange sie dauert"
    ),
    "How long estimates took on this machine": (
        "Wie lange Schätzungen auf diesem Rechner gedauert haben"
    ),
    "How the picture was taken": "Wie das Bild aufgenommen wurde",
    "Keep the settings under a name, or remove the preset that is chosen": (
        "Die Einstellungen unter einem Namen behalten oder die gewählte Vorgabe entfernen"
    ),
    "Longest side of the grid, in pixels": "Längste Seite des Rasters in Pixeln",
    "Longest side, in pixels, of the grid of Gaussians the loop works on": (
        "Längste Seite, in Pixeln, des Rasters von Gaußpunkten, auf dem die Schleife arbeitet"
    ),
    "Name of the image; empty for the one that is shown": (
        "Name des Bildes; leer für das angezeigte"
    ),
    "No backend is connected": "Kein Dienst ist verbunden",
    "Nothing is running that could be cancelled": "Nichts läuft, was abzubrechen wäre",
    "Only inflate the outline of the mask or alpha like a balloon": (
        "Nur den Umriss von Maske oder Alpha wie einen Ballon aufblasen"
    ),
    "Only read a relief from bright and dark": "Nur ein Relief aus Hell und Dunkel lesen",
    "Put this message away": "Diese Meldung weglegen",
    "Size of the picture": "Größe des Bildes",
    "Start from a flat surface": "Mit einer flachen Oberfläche beginnen",
    "Start the backend when an estimate needs it": (
        "Den Dienst starten, wenn eine Schätzung ihn braucht"
    ),
    "Start the compute backend, or connect to it if it is running": (
        "Den Rechendienst starten, oder sich mit ihm verbinden, wenn er läuft"
    ),
    "Stop the compute backend and free its memory; a server is only left": (
        "Den Rechendienst anhalten und seinen Speicher freigeben; ein Server wird nur verlassen"
    ),
    "Stop the running estimate; nothing in the scene changes": (
        "Die laufende Schätzung anhalten; in der Szene ändert sich nichts"
    ),
    "The Python program of the environment the backend is installed in": (
        "Das Python-Programm der Umgebung, in der der Dienst installiert ist"
    ),
    "The backend is running, or about to": "Der Dienst läuft schon oder startet gerade",
    "The key file for a backend on another machine; empty to compute on this one": (
        "Die Schlüsseldatei für einen Dienst auf einem anderen Rechner; leer für diesen"
    ),
    "The picture to estimate normals from, where no Image Editor shows one": (
        "Das Bild, aus dem Normalen geschätzt werden, wo kein Bildeditor eines zeigt"
    ),
    "The picture tiles: its right edge goes on at its left and its bottom at its top. The results "
    "then tile as well": (
        "Das Bild ist kachelbar: Rechts geht es links weiter, unten oben. Die Ergebnisse sind es "
        "dann auch"
    ),
    "Time that the backend took": "Zeit, die der Dienst brauchte",
    "Turns of the loop": "Umläufe der Schleife",
    "Turns of the loop that pulls the answer toward re-rendering the picture. "
    "0 is fastest and, on average, as accurate": (
        "Umläufe der Schleife, die die Antwort zur Wiedergabe des Bildes zieht. "
        "0 ist am schnellsten und im Mittel ebenso genau"
    ),
    "What the backend computed on": "Worauf der Dienst rechnete",
    "What the model sees in the picture": "Was das Modell im Bild sieht",
    "Where the backend publishes itself and keeps its log; empty for the usual one": (
        "Wo der Dienst sich bekannt macht und sein Protokoll führt; leer für den üblichen Ordner"
    ),
    "Where the geometry comes from before the loop refines it": (
        "Woher die Geometrie kommt, bevor die Schleife sie verfeinert"
    ),
    "White where the object is; without one, the picture's alpha is used": (
        "Weiß, wo das Objekt ist; ohne Maske gilt das Alpha des Bildes"
    ),
}
