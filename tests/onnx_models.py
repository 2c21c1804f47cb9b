"""Tiny ONNX files with the interface of MoGe-2's normal models: they see a sphere in everything.

Whatever picture they are shown, they answer with the normals of a sphere of ``RADIUS`` in the
middle of a wall, in the axes they are told to have.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from backend.priors import store
from backend.priors.__main__ import main
from backend.priors.sphere import RADIUS
from shared.installed_priors import Installed

FLOAT, INT = TensorProto.FLOAT, TensorProto.INT64


def write_model(
    path: Path,
    signs: tuple[int, int, int] = (1, 1, 1),
    *,
    names: tuple[str, ...] = ("points", "normal", "mask", "scale"),
    tokens: bool = True,
    channels_first: bool = False,
    side: int | None = None,
    flat: bool = False,
    masked: bool = False,
) -> Path:
    """Write a model; ``signs`` turn the engine's axes into its own.

    With one name it gives normals alone; ``flat`` says that everything faces the viewer; ``masked``
    leaves out the left half.
    """
    height, width = (side, side) if side else ("h", "w")
    nodes, constants = _sphere(flat)
    constants["signs"] = np.array(signs, np.float32)
    nodes += [helper.make_node("Mul", ["unit", "signs"], ["turned"])]
    shape: list[str | int] = ["b", "h", "w", 3]
    if channels_first:
        nodes += [helper.make_node("Transpose", ["turned"], ["out1"], perm=[0, 3, 1, 2])]
        shape = ["b", 3, "h", "w"]
    else:
        nodes += [helper.make_node("Identity", ["turned"], ["out1"])]
    inputs = [helper.make_tensor_value_info("image", FLOAT, ["b", 3, height, width])]
    outputs = [helper.make_tensor_value_info("out1", FLOAT, shape)]
    if tokens:
        inputs.append(helper.make_tensor_value_info("num_tokens", INT, []))
    if len(names) > 1:
        more, others = _others(tokens, masked)
        nodes += more
        outputs = [others[0], outputs[0], *others[1:]]
    for output, name in zip(outputs, names, strict=True):
        nodes += [helper.make_node("Identity", [output.name], [name])]
        output.name = name
    graph = helper.make_graph(
        nodes, "sphere", inputs, outputs,
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, path)
    return path


def _sphere(flat: bool) -> tuple[list, dict[str, np.ndarray]]:
    """Return nodes that compute ``unit`` (1, H, W, 3) from the size of ``image``."""
    constants = {
        "i2": np.array(2, np.int64), "i3": np.array(3, np.int64), "zero": np.float32(0),
        "one": np.float32(1), "half": np.float32(0.5), "down": np.array([1, -1, 1], np.int64),
        "over": np.array([1, 1, -1], np.int64), "last": np.array([3], np.int64),
        "radius": np.float32(RADIUS), "minus": np.float32(-1), "nought": np.array(0, np.int64),
        "step": np.array(1, np.int64), "visible": np.float32(0 if flat else 1),
        "first": np.array([0], np.int64),
    }  # fmt: skip
    make = helper.make_node
    nodes = [make("Shape", ["image"], ["shape"])]
    for axis, index, form in (("y", "i2", "down"), ("x", "i3", "over")):
        nodes += [
            make("Gather", ["shape", index], [f"{axis}n"], axis=0),
            make("Range", ["nought", f"{axis}n", "step"], [f"{axis}i"]),
            make("Cast", [f"{axis}i"], [f"{axis}f"], to=FLOAT),
            make("Cast", [f"{axis}n"], [f"{axis}c"], to=FLOAT),
            make("Add", [f"{axis}f", "half"], [f"{axis}h"]),
            make("Div", [f"{axis}h", f"{axis}c"], [f"{axis}s"]),
            make("Sub", [f"{axis}s", "half"], [f"{axis}m"]),
            make("Div", [f"{axis}m", "radius"], [f"{axis}r"]),
            make("Reshape", [f"{axis}r", form], [f"{axis}0"]),
        ]
    nodes += [
        make("Mul", ["x0", "zero"], ["xz"]), make("Mul", ["y0", "zero"], ["yz"]),
        make("Add", ["x0", "yz"], ["x1"]), make("Add", ["y0", "xz"], ["y1"]),
        make("Mul", ["x1", "x1"], ["xx"]), make("Mul", ["y1", "y1"], ["yy"]),
        make("Add", ["xx", "yy"], ["rr"]), make("Less", ["rr", "one"], ["in"]),
        make("Cast", ["in"], ["inf"], to=FLOAT), make("Mul", ["inf", "visible"], ["seen"]),
        make("Mul", ["x1", "seen"], ["x2"]), make("Mul", ["y1", "seen"], ["y2"]),
        make("Mul", ["rr", "seen"], ["r2"]), make("Sub", ["one", "r2"], ["zz"]),
        make("Sqrt", ["zz"], ["z"]), make("Mul", ["z", "minus"], ["z2"]),
        *(make("Unsqueeze", [f"{axis}2", "last"], [f"{axis}3"]) for axis in "xyz"),
        make("Concat", ["x3", "y3", "z3"], ["unit"], axis=-1),
    ]  # fmt: skip
    return nodes, constants


def _others(tokens: bool, masked: bool) -> tuple[list, list]:
    """Return points, mask and scale, as MoGe-2 has them beside its normals."""
    make, info = helper.make_node, helper.make_tensor_value_info
    nodes = [
        make("Mul", ["unit", "zero"], ["out0"]),
        make("Less", ["x1", "zero"], ["left"]), make("Cast", ["left"], ["leftf"], to=FLOAT),
        make("Sub", ["one", "leftf"], ["right"]), make("Mul", ["rr", "zero"], ["none"]),
        make("Add", ["none", "one"], ["all"]),
        make("Identity", ["right" if masked else "all"], ["out2"]),
        make("Cast", ["num_tokens"], ["out3"], to=FLOAT) if tokens
        else make("Identity", ["one"], ["out3"]),
    ]  # fmt: skip
    return nodes, [
        info("out0", FLOAT, ["b", "h", "w", 3]),
        info("out2", FLOAT, ["b", "h", "w"]),
        info("out3", FLOAT, []),
    ]


def added(tmp_path: Path, name: str = "ball", **form) -> Installed:
    """Install a model by the command."""
    assert main(["add", str(write_model(tmp_path / f"{name}.onnx", **form))]) == 0
    return store.installed(name)
