"""A layout and a panel that take nothing which this Blender's own would not take."""

from types import SimpleNamespace

import bpy

FUNCTIONS = bpy.types.UILayout.bl_rna.functions
ICONS = set(FUNCTIONS["label"].parameters["icon"].enum_items.keys())
NESTING = {"row", "column", "column_flow", "grid_flow", "box", "split"}


class StrictLayout:
    """Checks each call against what Blender says of its layouts, and counts what is shown."""

    def __init__(self):
        object.__setattr__(self, "shown", [])

    def __setattr__(self, name, value):
        assert name in bpy.types.UILayout.bl_rna.properties, name

    def __getattr__(self, name):
        def call(*values, **named):
            parameters = list(FUNCTIONS[name].parameters.keys())
            given = dict(zip(parameters, values, strict=False)) | named
            assert given.keys() <= set(parameters), (name, given)
            assert given.get("icon", "NONE") in ICONS, (name, given)
            if name in NESTING:
                return self
            self.shown.append(name)
            return self._checked(name, given)

        return call

    def _checked(self, name, given):
        if "data" in given and "property" in given:
            given["data"].path_resolve(given["property"], False)  # ValueError when there is none
        if name in {"operator", "menu", "popover"}:
            return Checked(given[{"popover": "panel"}.get(name, name)], name)
        return None


class Checked:
    """What a button hands to its operator; a menu or a panel only has to exist."""

    def __init__(self, name, kind):
        assert kind == "operator" or hasattr(bpy.types, name), name
        category, _, verb = name.partition(".")
        known = getattr(getattr(bpy.ops, category), verb).get_rna_type() if verb else None
        object.__setattr__(self, "known", known)

    def __setattr__(self, name, value):
        assert name in self.known.properties, name


class Drawn:
    """A panel or menu with a layout of ours; the rest is its class's own, or its instance's."""

    def __init__(self, cls, layout=None, instance=None):
        self._cls, self._instance, self.layout = cls, instance, layout or StrictLayout()

    def __getattr__(self, name):
        if self._instance is not None:
            return getattr(self._instance, name)
        found = getattr(self._cls, name)
        return found.__get__(self) if type(found).__name__ == "function" else found


class Watched:
    """The context as with a window: in the background there are neither regions nor a scale."""

    region = SimpleNamespace(width=300, height=600)

    @property
    def preferences(self):
        """Blender's own, but for the scale."""
        addons = bpy.context.preferences.addons
        return SimpleNamespace(addons=addons, system=SimpleNamespace(ui_scale=1.0))

    def __getattr__(self, name):
        return getattr(bpy.context, name)
