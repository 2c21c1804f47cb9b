# SPDX-License-Identifier: GPL-3.0-or-later
"""German: the maps, the textures, the object."""

TEXTS = {
    "Albedo": "Albedo",
    "Confidence": "Konfidenz",
    "Curvature": "Krümmung",
    "Curvature Strength": "Stärke der Krümmung",
    "How quickly the curvature map goes to white and black": (
        "Wie schnell die Krümmungskarte weiß und schwarz wird"
    ),
    "Make an image of where the surface bends: edges bright, creases dark, for masks of wear": (
        "Ein Bild davon anlegen, wo die Fläche sich krümmt: Kanten hell, Falten dunkel, für "
        "Abnutzungsmasken"
    ),
    "Convention": "Konvention",
    "DirectX": "DirectX",
    "OpenGL": "OpenGL",
    "Depth": "Tiefe",
    "Detail": "Details",
    "Height": "Höhe",
    "Level": "Ausrichten",
    "Padding": "Randabstand",
    "Shape": "Form",
    "Space": "Raum",
    "Camera": "Kamera",
    "Tangent": "Tangente",
    "Strength": "Stärke",
    "Apply": "Anwenden",
    "Results": "Ergebnisse",
    "Textures": "Texturen",
    "Maps": "Maps",
    "Scene": "Szene",
    "Ambient Occlusion": "Umgebungsverdeckung",
    "Height Scale": "Höhenskalierung",
    "Height Midlevel": "Höhe der Mittelebene",
    "On the Object": "Am Objekt",
    "Bake Size": "Back-Größe",
    "Bake to Object": "Auf Objekt backen",
    "Wire into Material": "Ins Material einsetzen",
    "Wire after Estimate": "Nach dem Schätzen einsetzen",
    "Wire Occlusion": "Mit Verdeckung",
    "After an estimate, put the maps into the active object's active material": (
        "Nach einer Schätzung die Maps in das aktive Material des aktiven Objekts einsetzen"
    ),
    "As seen: x right, y up, z toward the viewer, also where it turns away": (
        "Wie gesehen: x nach rechts, y nach oben, z zum Betrachter, auch wo sie sich abwendet"
    ),
    "Baking needs the camera that took the picture, perspective or orthographic. Make it the "
    "scene's active camera.": (
        "Zum Backen ist die Kamera nötig, die das Bild aufgenommen hat, perspektivisch oder "
        "orthografisch. Mache sie zur aktiven Kamera der Szene."
    ),
    "Factor of all slopes of the normal map": "Faktor aller Neigungen der Normal-Map",
    "Green points down: Unreal Engine, Substance templates for it": (
        "Grün zeigt nach unten: Unreal Engine, Substance-Vorlagen dafür"
    ),
    "Green points up: Blender, Unity, Godot": "Grün zeigt nach oben: Blender, Unity, Godot",
    "How much fine relief stays: waves shorter than an eighth of the longest side": (
        "Wie viel feines Relief bleibt: Wellen kürzer als ein Achtel der längsten Seite"
    ),
    "How much of the large form stays: all that is coarser than the detail": (
        "Wie viel von der großen Form bleibt: alles, was gröber ist als die Details"
    ),
    "How much the height map rises for a relief as high as the longest side": (
        "Wie weit die Höhen-Map bei einem Relief steigt, das so hoch ist wie die längste Seite"
    ),
    "Make a height map for displacement; estimate again to get one": (
        "Eine Höhen-Map für Verschiebung erzeugen; dazu neu schätzen"
    ),
    "Make an ambient occlusion map from the height; estimate again to get one": (
        "Aus der Höhe eine Map der Umgebungsverdeckung erzeugen; dazu neu schätzen"
    ),
    "Make an image of how sure the estimate is, 0 to 1": (
        "Ein Bild davon erzeugen, wie sicher die Schätzung ist, 0 bis 1"
    ),
    "Make an image of the distance along the viewing axis": (
        "Ein Bild des Abstands entlang der Blickachse erzeugen"
    ),
    "Make the image of the colors without light; the card needs it in any case": (
        "Das Bild der Farben ohne Licht erzeugen; die Karte braucht es in jedem Fall"
    ),
    "Make the maps of the last estimate again with these settings, without estimating again": (
        "Die Maps der letzten Schätzung mit diesen Einstellungen neu erzeugen, ohne neu zu schätzen"
    ),
    "Name of the image that was estimated; empty for the one that is shown": (
        "Name des Bildes, das geschätzt wurde; leer für das angezeigte"
    ),
    "Of a plane that faces the viewer along the view axis: the same, but blue is never below "
    "the middle. For a flat texture there is no difference": (
        "Einer Ebene, die dem Betrachter zugewandt ist: dasselbe, nur liegt Blau nie unter der "
        "Mitte. Für eine flache Textur ist es kein Unterschied"
    ),
    "Pixels around the object, or around a baked UV island, that repeat its edge": (
        "Pixel um das Objekt oder um eine gebackene UV-Insel, die den Rand wiederholen"
    ),
    "Project the normal map from the active camera onto the active mesh and bake it into the "
    "tangent space of its UV map. Takes about 2 seconds a megapixel, while Blender stays free": (
        "Die Normal-Map von der aktiven Kamera auf das aktive Mesh projizieren und in den "
        "Tangentenraum seiner UV-Map backen. Dauert etwa 2 Sekunden je Megapixel; Blender bleibt "
        "dabei frei"
    ),
    "Put the maps into the Principled BSDF of the active object's active material, with the "
    "coordinates of its base color texture. Again refreshes": (
        "Die Maps in den Principled BSDF des aktiven Materials einsetzen, mit den Koordinaten "
        "seiner Grundfarben-Textur. Noch einmal aktualisiert sie"
    ),
    "Take the mean tilt away, so that a texture is flat on average": (
        "Die mittlere Neigung wegnehmen, sodass eine Textur im Mittel flach ist"
    ),
    "The active object has no material. Give it one that uses nodes.": (
        "Das aktive Objekt hat kein Material. Gib ihm eines mit Nodes."
    ),
    "The active object is no mesh. Select the mesh to bake to.": (
        "Das aktive Objekt ist kein Mesh. Wähle das Mesh, auf das gebacken wird."
    ),
    "The baked normal map is the image “{}”": "Die gebackene Normal-Map ist das Bild „{}“",
    "The camera sees no front of the object inside its UV map. Point the camera at it as the "
    "photograph was taken, and check the direction of its faces.": (
        "Die Kamera sieht keine Vorderseite des Objekts in seiner UV-Map. Richte sie so aus, wie "
        "das Foto aufgenommen wurde, und prüfe die Richtung der Flächen."
    ),
    "The estimate of “{}” is no longer in memory: only the last one is kept, until the file is "
    "closed. Estimate again.": (
        "Die Schätzung von „{}“ ist nicht mehr im Speicher: Nur die letzte bleibt, bis die Datei "
        "geschlossen wird. Schätze noch einmal."
    ),
    "The estimate was made without {}. Estimate again": (
        "Die Schätzung enthält kein Ergebnis für: {}. Schätze noch einmal"
    ),
    "The image “{}” is {} times as wide as high, the camera's picture {} times. Set the "
    "scene's resolution to the picture's.": (
        "Das Bild „{}“ ist {}-mal so breit wie hoch, das der Kamera {}-mal. Gib der Szene die "
        "Auflösung des Bildes."
    ),
    "The maps of “{}” are in the material “{}”, but there is no occlusion map. Tick Occlusion and "
    "estimate again.": (
        "Die Maps von „{}“ sind im Material „{}“, aber es gibt keine Verdeckung. Verdeckung "
        "anhaken und erneut schätzen."
    ),
    "The maps of “{}” are in the material “{}”": "Die Maps von „{}“ sind im Material „{}“",
    "The maps of “{}” are in the material “{}”. Unplugged, but still there: {}.": (
        "Die Maps von „{}“ sind im Material „{}“. Abgezogen, aber noch da: {}."
    ),
    "The material “{}” belongs to another file. Make it local first.": (
        "Das Material „{}“ gehört zu einer anderen Datei. Mache es zuerst lokal."
    ),
    "The material “{}” shows no Principled BSDF. Add one to its output.": (
        "Das Material „{}“ zeigt keinen Principled BSDF. Füge einen an seinem Ausgang ein."
    ),
    "There is no normal map of “{}” yet. Estimate it first.": (
        "Von „{}“ gibt es noch keine Normal-Map. Schätze sie zuerst."
    ),
    "Value of the height map at the mean plane": "Wert der Höhen-Map auf der mittleren Ebene",
    "What the normals are relative to": "Worauf sich die Normalen beziehen",
    "Which way the green channel points": "Wohin der grüne Kanal zeigt",
    "Width and height of the baked normal map": "Breite und Höhe der gebackenen Normal-Map",
    "Wire the ambient occlusion too: it darkens the base color under any light": (
        "Auch die Umgebungsverdeckung einsetzen: Sie dunkelt die Grundfarbe bei jedem Licht ab"
    ),
    "{} maps made again": "{} Maps neu erzeugt",
}
