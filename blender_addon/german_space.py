# SPDX-License-Identifier: GPL-3.0-or-later
"""German: Gaussians, light and their files."""

TEXTS = {
    "3D Gaussians": "3D-Gaußpunkte",
    "3D Gaussians (.glb)": "3D-Gaußpunkte (.glb)",
    "3D Gaussians (.ply)": "3D-Gaußpunkte (.ply)",
    "3D Gaussians (.ply, .spz)": "3D-Gaußpunkte (.ply, .spz)",
    "3D Gaussians (.spz)": "3D-Gaußpunkte (.spz)",
    "Add an image with the input on the left and the re-rendered on the right": (
        "Ein Bild hinzufügen, links die Eingabe, rechts die Wiedergabe"
    ),
    "Add the Gaussians of a 3DGS PLY or an SPZ file as a cloud": (
        "Die Gaußpunkte einer 3DGS-PLY- oder SPZ-Datei als Wolke hinzufügen"
    ),
    "Add the depth map as a mesh that any light can relight": (
        "Die Tiefen-Map als Mesh hinzufügen, das jedes Licht neu beleuchtet"
    ),
    "Add the group “{}” in a compositor": "Füge die Gruppe „{}“ in einem Compositor ein",
    "Added {} Gaussians as “{}”": "{} Gaußpunkte als „{}“ hinzugefügt",
    "As the Gaussian splats that Blender draws itself": (
        "Als Gaußsche Splats, die Blender selbst zeichnet"
    ),
    "Blend from far to near instead of dithering; slower with each movement": (
        "Von fern nach nah überblenden statt rastern; langsamer bei jeder Bewegung"
    ),
    "Blender Splats": "Blender-Splats",
    "By Geometry Nodes: points, ellipsoids or normals": (
        "Mit Geometry-Nodes: Punkte, Ellipsoide oder Normalen"
    ),
    "Compare": "Vergleichen",
    "Comparison": "Vergleich",
    "Convert to Point Cloud": "In Punktwolke umwandeln",
    "Copy as Compositor Group": "Als Compositor-Gruppe kopieren",
    "Direction toward the sun: x right, y up, z toward the viewer": (
        "Richtung zur Sonne: x nach rechts, y nach oben, z zum Betrachter"
    ),
    "Display Colors": "Anzeigefarben",
    "Estimate normals first: the group begins with the recovered light": (
        "Schätze zuerst Normalen: Die Gruppe beginnt mit dem gefundenen Licht"
    ),
    "Estimate normals first: the pictures are kept until the file closes": (
        "Schätze zuerst Normalen: Die Bilder bleiben, bis die Datei geschlossen wird"
    ),
    "Export 3D Gaussians": "3D-Gaußpunkte exportieren",
    "Export Compressed Gaussians": "Gaußpunkte komprimiert exportieren",
    "Export Gaussians as GLB": "Gaußpunkte als GLB exportieren",
    "Gaussians and Light": "Gaußpunkte und Licht",
    "Give the scene a new world that shines as the picture's surroundings, where the picture "
    "shows its light": (
        "Der Szene eine neue Welt geben, die wie die Umgebung des Bildes scheint, wo das Bild "
        "sein Licht zeigt"
    ),
    "How each Gaussian is shown": "Wie jeder Gaußpunkt gezeigt wird",
    "How Gaussians are shown, the cloud below and those to come": (
        "Wie Gaußpunkte gezeigt werden, die Wolke darunter und künftige"
    ),
    "Import 3D Gaussians": "3D-Gaußpunkte importieren",
    "Make a compositor node group that relights albedo and normals": (
        "Eine Node-Gruppe für den Compositor erzeugen, die Albedo und Normalen neu beleuchtet"
    ),
    "Make an object with Gaussians the active one, in Object Mode": (
        "Mache im Objektmodus ein Objekt mit Gaußpunkten zum aktiven"
    ),
    "Most vertices along the longest side of the surface": (
        "Höchstzahl der Vertices an der längsten Seite der Oberfläche"
    ),
    "Off where a PLY holds linear colors, as this add-on wrote them in 2026": (
        "Aus, wo die Farben einer PLY linear sind, wie in Dateien dieses Add-ons von 2026"
    ),
    "The file's name must end in .ply, .spz or .glb. Name it so.": (
        "Der Name der Datei muss auf .ply, .spz oder .glb enden. Benenne sie so."
    ),
    "Points and Ellipsoids": "Punkte und Ellipsoide",
    "Recovered Sun": "Gefundene Sonne",
    "Recovered World": "Gefundene Welt",
    "Share of the Gaussians that is shown, evenly spread": (
        "Anteil der Gaußpunkte, der gezeigt wird, gleichmäßig verteilt"
    ),
    "Show As": "Zeigen als",
    "Show the last estimate's input on the left, re-rendered on the right": (
        "Von der letzten Schätzung links die Eingabe und rechts die Wiedergabe zeigen"
    ),
    "Size of what is shown, in standard deviations": (
        "Größe dessen, was gezeigt wird, in Standardabweichungen"
    ),
    "Split": "Teilung",
    "Surface": "Oberfläche",
    "Surface Points": "Flächenpunkte",
    "The 3DGS PLY or SPZ file": "Die 3DGS-PLY- oder SPZ-Datei",
    "The Gaussians are a point cloud already": "Die Gaußpunkte sind schon eine Punktwolke",
    "The PLY file begins with “{}”, not with points.": (
        "Die PLY-Datei beginnt mit „{}“ und nicht mit Punkten."
    ),
    "The PLY file ends within its header. Save or download it again.": (
        "Die PLY-Datei endet in ihrem Kopf. Speichere oder lade sie noch einmal."
    ),
    "The PLY file is damaged: {}.": "Die PLY-Datei ist beschädigt: {}.",
    "The PLY file is truncated: it announces {} Gaussians and holds {}. Save or download it "
    "again.": (
        "Die PLY-Datei ist unvollständig: Sie nennt {} Gaußpunkte und enthält {}. Speichere oder "
        "lade sie noch einmal."
    ),
    "The PLY format “{}” is not known. Save the file as binary PLY.": (
        "Das PLY-Format „{}“ ist unbekannt. Speichere die Datei als binäres PLY."
    ),
    "The albedo": "Die Albedo",
    "The file {} cannot be read: {}.": "Die Datei {} ist nicht lesbar: {}.",
    "The file {} cannot be written: {}.": "Die Datei {} kann nicht geschrieben werden: {}.",
    "The header of the PLY file describes no plain points. Choose a file of 3D Gaussians.": (
        "Der Kopf der PLY-Datei beschreibt keine einfachen Punkte. Wähle eine Datei mit "
        "3D-Gaußpunkten."
    ),
    "The normal map": "Die Normal-Map",
    "This PLY file holds no Gaussians: the properties {} are missing. Meshes and plain points "
    "come in through Blender's own PLY import.": (
        "Diese PLY-Datei enthält keine Gaußpunkte: Es fehlen die Eigenschaften {}. Meshes und "
        "einfache Punkte importiert Blenders eigener PLY-Import."
    ),
    "This is not a PLY file. Choose one that holds 3D Gaussians.": (
        "Das ist keine PLY-Datei. Wähle eine mit 3D-Gaußpunkten."
    ),
    "Turn the active object's Gaussians into a native point cloud": (
        "Die Gaußpunkte des aktiven Objekts in eine native Punktwolke umwandeln"
    ),
    "Where the input ends and the re-rendered picture begins": (
        "Wo die Eingabe endet und die Wiedergabe beginnt"
    ),
    "Write the active object's Gaussians as a 3DGS PLY for other programs": (
        "Die Gaußpunkte des aktiven Objekts als 3DGS-PLY für andere Programme schreiben"
    ),
    "Write the active object's Gaussians as a glTF with KHR_gaussian_splatting": (
        "Die Gaußpunkte des aktiven Objekts als glTF mit KHR_gaussian_splatting schreiben"
    ),
    "Write the active object's Gaussians as an SPZ, a sixth of the PLY, rounded": (
        "Die Gaußpunkte des aktiven Objekts als SPZ schreiben, ein Sechstel der PLY, gerundet"
    ),
    "Wrote {} Gaussians to {}": "{} Gaußpunkte nach {} geschrieben",
    "{} Write a PLY instead.": "{} Schreibe stattdessen eine PLY.",
}
