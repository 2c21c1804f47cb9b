# SPDX-License-Identifier: GPL-3.0-or-later
"""German: how a backend comes to be there."""

TEXTS = {
    "Address": "Adresse",
    "Allow Online Access…": "Online-Zugriff erlauben…",
    "Allow it in Blender's preferences, or use a Python that has the backend already.": (
        "Erlaube es in Blenders Einstellungen, oder nimm ein Python, das den Dienst schon hat."
    ),
    "An environment for the backend could not be made.": (
        "Eine Umgebung für den Dienst ließ sich nicht anlegen."
    ),
    "Blender is not allowed to go online": "Blender darf nicht online gehen",
    "Blender is not allowed to go online.": "Blender darf nicht online gehen.",
    "Blender's Python was not found. Choose another with Use Existing Python.": (
        "Blenders Python wurde nicht gefunden. Wähle ein anderes mit „Vorhandenes Python "
        "verwenden“."
    ),
    "CPU (0.3 GB)": "CPU (0,3 GB)",
    "Check the folder and try again.": "Prüfe den Ordner und versuche es noch einmal.",
    "Check the network, the disk and the package index. {}": (
        "Prüfe Netz, Datenträger und Paketindex. {}"
    ),
    "Choose another Python with Use Existing Python.": (
        "Wähle ein anderes mit „Vorhandenes Python verwenden“."
    ),
    "Choose another file.": "Wähle eine andere Datei.",
    "Choose the Python of an environment that has the backend, and test it": (
        "Das Python einer Umgebung wählen, die den Dienst hat, und es prüfen"
    ),
    "Choose the Python of an environment the backend is installed in, or install it here.": (
        "Wähle das Python einer Umgebung, in der der Dienst installiert ist, oder installiere "
        "ihn hier."
    ),
    "Choose the key file you were given, and compute on the machine it belongs to": (
        "Die Schlüsseldatei wählen, die du bekommen hast, und auf dem Rechner rechnen, zu dem "
        "sie gehört"
    ),
    "Compute Here": "Hier rechnen",
    "Connect to Server": "Mit Server verbinden",
    "Connect to Server…": "Mit Server verbinden…",
    "Custom Index": "Eigener Index",
    "Delete the backend that this add-on installed": (
        "Den Dienst löschen, den dieses Add-on installiert hat"
    ),
    "From a package index of your own, or a folder of wheels": (
        "Von einem eigenen Paketindex oder aus einem Ordner mit Wheels"
    ),
    "Install Backend": "Dienst installieren",
    "Install it again, or choose another Python in the add-on's preferences.": (
        "Installiere ihn neu oder wähle in den Einstellungen des Add-ons ein anderes Python."
    ),
    "Install it once.": "Installiere ihn einmal.",
    "Install the backend into a folder of its own, apart from Blender's Python": (
        "Den Dienst in einen eigenen Ordner installieren, getrennt von Blenders Python"
    ),
    "Installing PyTorch": "PyTorch wird installiert",
    "Installing the Backend": "Dienst wird installiert",
    "It did not end within {} seconds.": "Es war nach {} Sekunden nicht zu Ende.",
    "Leave the server and compute on this machine; the key file stays": (
        "Den Server verlassen und auf diesem Rechner rechnen; die Schlüsseldatei bleibt"
    ),
    "Making an Environment": "Umgebung wird angelegt",
    "NVIDIA GPU (3 GB)": "NVIDIA-GPU (3 GB)",
    "No backend is set up yet": "Noch kein Dienst ist eingerichtet",
    "No key at {}": "kein Schlüssel bei {}",
    "No package index is chosen.": "Kein Paketindex ist gewählt.",
    "Not Done": "Nicht erledigt",
    "Not chosen": "Nicht gewählt",
    "Package Index": "Paketindex",
    "Place: {}": "Ort: {}",
    "PyTorch could not be installed.": "PyTorch ließ sich nicht installieren.",
    "PyTorch with CUDA; 3 GB to download, 7 GB on the disk": (
        "PyTorch mit CUDA; 3 GB zum Herunterladen, 7 GB auf dem Datenträger"
    ),
    "Python: {}": "Python: {}",
    "Reinstall": "Neu installieren",
    "Remove": "Entfernen",
    "Runs on every machine; 0.3 GB to download, 1.3 GB on the disk": (
        "Läuft auf jedem Rechner; 0,3 GB zum Herunterladen, 1,3 GB auf dem Datenträger"
    ),
    "Server: {}": "Server: {}",
    "Show Log": "Protokoll zeigen",
    "Show every path that can be set by hand": (
        "Jeden Pfad zeigen, der von Hand gesetzt werden kann"
    ),
    "Size: {} GB on the disk": "Größe: {} GB auf dem Datenträger",
    "Something is running": "Etwas läuft gerade",
    "Source: {}": "Quelle: {}",
    "Stop and delete what the installation began; what has arrived of a prior is kept, and "
    "nothing else changes": (
        "Anhalten und löschen, was die Installation begann; was von Vorwissen angekommen ist, "
        "bleibt, und sonst ändert sich nichts"
    ),
    "Testing the Backend": "Dienst wird geprüft",
    "The Python program": "Das Python-Programm",
    "The address of a package index, or a folder of wheels": (
        "Die Adresse eines Paketindex oder ein Ordner mit Wheels"
    ),
    "The backend could not be installed.": "Der Dienst ließ sich nicht installieren.",
    "The backend does not work.": "Der Dienst funktioniert nicht.",
    "The backend is not installed yet.": "Der Dienst ist noch nicht installiert.",
    "The disk is too full: {} at {}. Free some and try again.": (
        "Der Datenträger ist zu voll: {} bei {}. Schaffe Platz und versuche es noch einmal."
    ),
    "The installation stopped. {}: {}.": "Die Installation hielt an. {}: {}.",
    "The key file": "Die Schlüsseldatei",
    "There is no Python at {} any more": "Bei {} ist kein Python mehr",
    "This add-on came without its backend. Install the add-on from its released zip.": (
        "Dieses Add-on kam ohne seinen Dienst. Installiere es aus seinem veröffentlichten Zip."
    ),
    "Try Again": "Noch einmal versuchen",
    "Try again, or show the log to whoever can help. {}": (
        "Versuche es noch einmal oder zeige das Protokoll jemandem, der helfen kann. {}"
    ),
    "Use Existing Python": "Vorhandenes Python verwenden",
    "Use Existing Python…": "Vorhandenes Python verwenden…",
    "What was in use before still is.": "Was vorher benutzt wurde, gilt weiter.",
    "Which PyTorch the backend is installed with, and so from where": (
        "Mit welchem PyTorch der Dienst installiert wird, und damit, woher"
    ),
    "Write its address.": "Schreibe seine Adresse.",
    "https://… or a folder of wheels": "https://… oder ein Ordner mit Wheels",
    "{} GB are needed and {} GB are free": "{} GB sind nötig und {} GB sind frei",
}
