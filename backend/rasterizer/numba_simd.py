"""Eight float32 side by side as one number inside numba kernels.

numba leaves vectorising to LLVM, which gives up on loops as short as a splat is wide. These types
say it outright: ``Lanes`` is LLVM's <8 x float> and ``Mask`` its <8 x i1>, so one expression is
one instruction wherever the processor has 256-bit registers, and two elsewhere. Scalars mixed
into an expression are spread over the lanes.
"""

import hashlib
import inspect
import operator
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from llvmlite import ir
from numba.core import types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic as _intrinsic
from numba.extending import lower_builtin, models, register_model

intrinsic: Any = _intrinsic  # its types know the typing context, which callers do not pass

SOURCES = hashlib.sha256(
    b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
).hexdigest()[:12]
"""What the kernels were made from: they take in each other and the constants of the protocol."""
LANES = 8
FLOAT, INT = ir.FloatType(), ir.IntType(32)
FLOATS, INTS = ir.VectorType(FLOAT, LANES), ir.VectorType(INT, LANES)
BITS = ir.VectorType(ir.IntType(1), LANES)


def _compiled(function: Callable, **options: Any) -> Any:
    # contraction to fused multiply-add only: reordering would change what the kernels round.
    # The tests wrap every function to check shapes; numba wants the function itself.
    function = inspect.unwrap(function)
    # names the file in numba's cache, which by itself looks at the function's own file only
    function.__qualname__ += f"_{SOURCES}"
    compiler = numba.njit(fastmath={"contract"}, error_model="numpy", **options)
    return compiler(function)


def inline(function: Callable) -> Any:
    """Compile a part of a kernel."""
    return _compiled(function, forceinline=True)


def threaded(function: Callable) -> Any:
    """Compile a kernel that Python's threads may run side by side."""
    return _compiled(function, nogil=True, cache=True)


class LanesType(types.Type):
    """Numba's name for <8 x float>."""

    def __init__(self):
        super().__init__(name="float32x8")


class MaskType(types.Type):
    """Numba's name for <8 x i1>."""

    def __init__(self):
        super().__init__(name="bool1x8")


lanes, mask = LanesType(), MaskType()


@register_model(LanesType)
class LanesModel(models.PrimitiveModel):
    """Eight floats in one register."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, FLOATS)


@register_model(MaskType)
class MaskModel(models.PrimitiveModel):
    """Eight truth values."""

    def __init__(self, manager, kind):
        super().__init__(manager, kind, BITS)


def _spread(context: Any, builder: Any, value: Any, kind: types.Type) -> Any:
    """Turn a scalar into eight equal lanes; lanes stay as they are."""
    if isinstance(kind, LanesType):
        return value
    scalar = context.cast(builder, value, kind, types.float32)
    first = builder.insert_element(ir.Constant(FLOATS, ir.Undefined), scalar, INT(0))
    return builder.shuffle_vector(first, first, ir.Constant(INTS, [0] * LANES))


def _operator(symbol: Callable, result: types.Type, build: Callable) -> None:
    """Teach numba a binary operator between lanes and lanes or scalars."""

    class Typing(AbstractTemplate):
        def generic(self, args, kws):
            known = (LanesType, types.Float, types.Integer)
            if any(isinstance(kind, LanesType) for kind in args):
                if all(isinstance(kind, known) for kind in args):
                    return signature(result, *args)
            return None

    def lower(context, builder, sig, args):
        pair = [_spread(context, builder, *item) for item in zip(args, sig.args, strict=True)]
        return build(builder, *pair)

    infer_global(symbol)(Typing)
    for scalar in (LanesType, types.Float, types.Integer):
        lower_builtin(symbol, LanesType, scalar)(lower)
        if scalar is not LanesType:
            lower_builtin(symbol, scalar, LanesType)(lower)


_operator(operator.add, lanes, lambda builder, a, b: builder.fadd(a, b))
_operator(operator.sub, lanes, lambda builder, a, b: builder.fsub(a, b))
_operator(operator.mul, lanes, lambda builder, a, b: builder.fmul(a, b))
_operator(operator.truediv, lanes, lambda builder, a, b: builder.fdiv(a, b))
_operator(operator.gt, mask, lambda builder, a, b: builder.fcmp_ordered(">", a, b))
_operator(operator.ge, mask, lambda builder, a, b: builder.fcmp_ordered(">=", a, b))
_operator(operator.le, mask, lambda builder, a, b: builder.fcmp_ordered("<=", a, b))


@infer_global(operator.and_)
class BothTyping(AbstractTemplate):
    """Types ``mask & mask``."""

    def generic(self, args, kws):
        """Accept two masks only."""
        return signature(mask, mask, mask) if args == (mask, mask) else None


@lower_builtin(operator.and_, MaskType, MaskType)
def _both(context, builder, sig, args):
    return builder.and_(*args)


@intrinsic
def where(typing, condition, yes, no):
    """Choose lane by lane."""

    def lower(context, builder, sig, args):
        pair = [_spread(context, builder, args[i], sig.args[i]) for i in (1, 2)]
        return builder.select(args[0], *pair)

    return lanes(condition, yes, no), lower


@intrinsic
def count(typing, condition):
    """Count the true lanes."""

    def lower(context, builder, sig, args):
        bits = builder.bitcast(args[0], ir.IntType(LANES))
        return builder.zext(builder.ctpop(bits), ir.IntType(64))

    return types.int64(condition), lower


@intrinsic
def total(typing, values):
    """Add the eight lanes, in pairs."""

    def lower(context, builder, sig, args):
        value = args[0]
        for half in (4, 2, 1):
            picks = [(i + half) % LANES for i in range(LANES)]
            moved = builder.shuffle_vector(value, value, ir.Constant(INTS, picks))
            value = builder.fadd(value, moved)
        return builder.extract_element(value, INT(0))

    return types.float32(values), lower


@intrinsic
def ramp(typing):
    """Return the lanes 0, 1, … 7."""

    def lower(context, builder, sig, args):
        return ir.Constant(FLOATS, [float(i) for i in range(LANES)])

    return lanes(), lower


@intrinsic
def times_power_of_two(typing, values, exponents):
    """Return values·2ⁿ for exponents given as n + 1.5·2²³, whose low bits are the integer n."""

    def lower(context, builder, sig, args):
        bits = [builder.bitcast(arg, INTS) for arg in args]
        shift = ir.Constant(INTS, [23] * LANES)
        return builder.bitcast(builder.add(bits[0], builder.shl(bits[1], shift)), FLOATS)

    return lanes(lanes, lanes), lower


def _pointer(context: Any, builder: Any, array: Any, kind: types.Array, index: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), FLOATS.as_pointer())


@intrinsic
def load(typing, array, index):
    """Read eight neighbours from a flat float32 array."""

    def lower(context, builder, sig, args):
        return builder.load(_pointer(context, builder, args[0], sig.args[0], args[1]), align=4)

    return lanes(array, types.intp), lower


@intrinsic
def store(typing, array, index, values):
    """Write eight neighbours into a flat float32 array."""

    def lower(context, builder, sig, args):
        pointer = _pointer(context, builder, args[0], sig.args[0], args[1])
        builder.store(args[2], pointer, align=4)
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes), lower
