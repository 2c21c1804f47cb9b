"""Inputs of a cloud's modifier, as the panel reads and sets them."""

import bpy


def socket_of(modifier, name):
    return modifier.node_group.interface.items_tree[name].identifier


def chosen(modifier, name):
    """Return an input of a modifier."""
    identifier = socket_of(modifier, name)
    if bpy.app.version < (5, 2):
        return modifier[identifier]
    return getattr(modifier.properties.inputs, identifier).value


def set_input(modifier, name, value):
    """Set an input of a modifier; a display by its name."""
    identifier = socket_of(modifier, name)
    if bpy.app.version >= (5, 2):
        getattr(modifier.properties.inputs, identifier).value = value
        return
    if name == "Display":
        items = modifier.id_properties_ui(identifier).as_dict()["items"]
        value = next(item[4] for item in items if item[0] == value)
    modifier[identifier] = value


def choose(thing, name, value):
    """Set an input of the cloud as the panel does."""
    set_input(thing.modifiers[0], name, value)
    thing.update_tag()
    bpy.context.view_layer.update()
