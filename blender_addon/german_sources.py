# SPDX-License-Identifier: GPL-3.0-or-later
"""German: where pictures and results come from, hints, sequences."""

TEXTS = {
    "Above": "Oben",
    "Below": "Unten",
    "From which side the picture is lit. It tells bumps from dents: if the relief came out inside "
    "out, choose another side": (
        "Von welcher Seite das Bild beleuchtet ist. Das unterscheidet Beulen von Dellen: Kam das "
        "Relief umgestülpt heraus, wähle eine andere Seite"
    ),
    "Left": "Links",
    "Light From": "Licht von",
    "Right": "Rechts",
    "The light comes from the bottom of the picture": "Das Licht kommt vom unteren Bildrand",
    "The light comes from the left of the picture": "Das Licht kommt von links im Bild",
    "The light comes from the right of the picture": "Das Licht kommt von rechts im Bild",
    "The light comes from the top of the picture, as outdoors and in rooms": (
        "Das Licht kommt vom oberen Bildrand, wie im Freien und in Räumen"
    ),
    "Bring in results of the batch command, by their reports, as an estimate would": (
        "Ergebnisse des Batch-Befehls hereinholen, nach ihren Berichten, wie eine Schätzung"
    ),
    "Open Results": "Ergebnisse öffnen",
    "The report of the results": "Der Bericht zu den Ergebnissen",
    "There are no normals with {}. Write them with --outputs normal_exr, and keep the files in one "
    "folder.": (
        "Zu {} gibt es keine Normalen. Schreibe sie mit --outputs normal_exr und lass die Dateien "
        "in einem Ordner."
    ),
    "{} is damaged, or of another version. Run the batch command once more.": (
        "{} ist beschädigt oder von anderer Version. Rufe den Batch-Befehl noch einmal auf."
    ),
    "{} is no report of results. Choose a file whose name ends in {}.": (
        "{} ist kein Bericht zu Ergebnissen. Wähle eine Datei, deren Name auf {} endet."
    ),
    "A frame cannot be saved: {}.": "Ein Einzelbild kann nicht gespeichert werden: {}.",
    "AgX": "AgX",
    "As the Image Says": "Wie im Bild angegeben",
    "Beside the frames": "Neben den Einzelbildern",
    "Choose another folder, or make room on the disk.": (
        "Wähle einen anderen Ordner oder schaffe Platz auf dem Datenträger."
    ),
    "Clear Hints": "Hinweise löschen",
    "Encoding": "Codierung",
    "Estimate Sequence": "Sequenz schätzen",
    "Estimate the normals of every frame that is not done yet, and save them as files; Esc "
    "stops and keeps what is done": (
        "Die Normalen aller Einzelbilder schätzen, die noch fehlen, und als Dateien speichern; "
        "Esc hält an und behält, was fertig ist"
    ),
    "File": "Datei",
    "Filmic": "Filmic",
    "Folder": "Ordner",
    "Frame {} of {}": "Einzelbild {} von {}",
    "Go by the image's color space": "Nach dem Farbraum des Bildes",
    "Hint": "Hinweis",
    "How far a frame's normals follow the frame before where nothing changes": (
        "Wie weit die Normalen eines Einzelbildes dem vorigen folgen, wo sich nichts ändert"
    ),
    "Ignore": "Ignorieren",
    "Name of the image sequence; empty for the one that is shown": (
        "Name der Bildsequenz; leer für die angezeigte"
    ),
    "No object is active. Select the object with the picture on it.": (
        "Kein Objekt ist aktiv. Wähle das Objekt mit dem Bild."
    ),
    "Nothing was painted over this picture": "Auf dieses Bild wurde nichts gemalt",
    "Nothing was rendered yet. Render an image (F12) and try again.": (
        "Es wurde noch nichts gerendert. Rendere ein Bild (F12) und versuche es noch einmal."
    ),
    "Open the image “{}” in an Image Editor and paint": (
        "Öffne das Bild „{}“ in einem Bildeditor und male"
    ),
    "Open the picture and estimate its normals": "Das Bild öffnen und seine Normalen schätzen",
    "Paint Flat": "Flach malen",
    "Paint Hints": "Hinweise malen",
    "Paint Ignore": "Ignorieren malen",
    "Paint in green what is flat": "In Grün malen, was flach ist",
    "Paint in red what is to be ignored, such as a highlight or a label": (
        "In Rot malen, was zu ignorieren ist, etwa ein Glanzlicht oder ein Etikett"
    ),
    "Remove all hints that were painted over the picture, and show it again": (
        "Alle Hinweise entfernen, die auf das Bild gemalt wurden, und es wieder zeigen"
    ),
    "Render Result": "Render-Ergebnis",
    "Select an Image Texture node in the Shader Editor.": (
        "Wähle im Shader-Editor eine Bild-Textur-Node."
    ),
    "Selected Object": "Ausgewähltes Objekt",
    "Selected Texture Node": "Ausgewählte Textur-Node",
    "Sequence": "Sequenz",
    "Shown Image": "Angezeigtes Bild",
    "Source": "Quelle",
    "Standard": "Standard",
    "Steadiness": "Beständigkeit",
    "The OpenColorIO config has no view transform “{}” that could be undone. "
    "Choose another encoding, or start Blender with a config that has it.": (
        "Die OpenColorIO-Config hat keine Ansichtstransformation „{}“, die rückgängig gemacht "
        "werden könnte. Wähle eine andere Codierung oder starte Blender mit einer Config, die sie "
        "hat."
    ),
    "The Image Texture node “{}” has no image. Open one in it, or select another.": (
        "Die Bild-Textur-Node „{}“ hat kein Bild. Öffne darin eines oder wähle eine andere."
    ),
    "The file {} cannot be opened. Check that it exists and is a picture.": (
        "Die Datei {} kann nicht geöffnet werden. Prüfe, ob es sie gibt und sie ein Bild ist."
    ),
    "The movie “{}” cannot be opened. Check that its file exists and that Blender plays it.": (
        "Der Film „{}“ kann nicht geöffnet werden. Prüfe, ob es die Datei gibt und Blender sie "
        "abspielt."
    ),
    "The hints “{}” were painted over a picture of another size. Clear them, or scale them to "
    "the picture's size.": (
        "Die Hinweise „{}“ wurden auf ein Bild anderer Größe gemalt. Lösche sie oder skaliere "
        "sie auf die Größe des Bildes."
    ),
    "The image of the Image Editor, the selected texture node of the Shader Editor, in the 3D "
    "View the image that is chosen in the panel": (
        "Das Bild des Bildeditors, die ausgewählte Textur-Node des Shader-Editors, im "
        "3D-Viewport das im Panel gewählte Bild"
    ),
    "The image of the selected Image Texture node": "Das Bild der ausgewählten Bild-Textur-Node",
    "The image on the active object: its material's base color": (
        "Das Bild auf dem aktiven Objekt: die Grundfarbe seines Materials"
    ),
    "The material of “{}” has no Image Texture node with an image. Add one, or choose another "
    "source.": (
        "Das Material von „{}“ hat keine Bild-Textur-Node mit Bild. Füge eine hinzu oder wähle "
        "eine andere Quelle."
    ),
    "The material of “{}” has {} textures and none feeds its base color. Select the Image "
    "Texture node that is meant in the Shader Editor.": (
        "Das Material von „{}“ hat {} Texturen, und keine speist seine Grundfarbe. Wähle im "
        "Shader-Editor die gemeinte Bild-Textur-Node."
    ),
    "The frames of a movie cannot be read here: the OpenColorIO config has no view “{}”. "
    "Save them as pictures and open those as an image sequence.": (
        "Die Einzelbilder eines Films können hier nicht gelesen werden: Die OpenColorIO-Config hat "
        "keine Ansicht „{}“. Speichere sie als Bilder und öffne diese als Bildsequenz."
    ),
    "The object “{}” has no material with nodes. Add a material with an Image Texture, or "
    "choose another source.": (
        "Das Objekt „{}“ hat kein Material mit Nodes. Füge ein Material mit Bild-Textur hinzu "
        "oder wähle eine andere Quelle."
    ),
    "The picture": "Das Bild",
    "The picture was saved as this scene shows light: view transform, look, exposure, gamma": (
        "Das Bild wurde gespeichert, wie diese Szene Licht zeigt: Ansichtstransformation, Look, "
        "Belichtung, Gamma"
    ),
    "The picture was saved through AgX, Blender's usual view transform since 4.0": (
        "Das Bild wurde durch AgX gespeichert, Blenders übliche Ansichtstransformation seit 4.0"
    ),
    "The picture was saved through Filmic, the usual one before": (
        "Das Bild wurde durch Filmic gespeichert, die übliche davor"
    ),
    "The picture was saved through Standard": "Das Bild wurde durch Standard gespeichert",
    "The scene “{}” has no render. Render an image (F12) and try again.": (
        "Die Szene „{}“ hat kein Render-Ergebnis. Rendere ein Bild (F12) und versuche es noch "
        "einmal."
    ),
    "The sequence “{}” has no files in {}. Check where they are.": (
        "Die Sequenz „{}“ hat keine Dateien in {}. Prüfe, wo sie sind."
    ),
    "The sequence “{}” was changed or removed while it was estimated. "
    "What is done is kept; estimate it again for the rest.": (
        "Die Sequenz „{}“ wurde geändert oder entfernt, während sie geschätzt wurde. Was fertig "
        "ist, bleibt; schätze sie noch einmal für den Rest."
    ),
    "This editor shows no material. Select an object with one.": (
        "Dieser Editor zeigt kein Material. Wähle ein Objekt mit einem."
    ),
    "View Transform of the Scene": "Ansichtstransformation der Szene",
    "What an sRGB picture went through when it was saved; it is undone first": (
        "Was ein sRGB-Bild beim Speichern durchlief; es wird zuerst rückgängig gemacht"
    ),
    "What was rendered last, in linear light": "Was zuletzt gerendert wurde, in linearem Licht",
    "What the strokes say": "Was die Striche sagen",
    "Where the normal maps of a sequence go; empty for beside its frames": (
        "Wohin die Normal-Maps einer Sequenz kommen; leer für neben ihre Einzelbilder"
    ),
    "Where the picture comes from": "Woher das Bild kommt",
    "{} cannot be opened. Check that it is a picture.": (
        "{} kann nicht geöffnet werden. Prüfe, ob es ein Bild ist."
    ),
    "{} frames are done: the image “{}”": "{} Einzelbilder sind fertig: das Bild „{}“",
    "{} min left": "noch {} min",
}
