"""Every argument of the numerics and of the explorers' computations, made hostile.

A right answer, or the argument's name in a refusal.

No warning leaks, no argument is changed, nothing hangs and nothing eats the memory.
"""

import copy
import datetime
import fractions
import importlib
import inspect
import numbers
import pkgutil
import re
import resource
import signal
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from matplotlib.figure import Figure
from public_calls import CALLS

from ntklab.explorers import convergence, motivation
from ntklab.training import DivergenceError

MODULES = (
    "geometry densities activations kernels spectrum fredholm circle_gram gram sphere estimation "
    "asymptotics bounds dynamics generalization certificates networks tangent training "
    "explorers"
).split()

DEAR = ("explorers", "generalization.learning_curve", "training.train")
SECONDS = 5  # of computing for one call
MEMORY = 4 * 2**30  # bytes that one call may ask for

EXCLUDED = {
    "abstract": "densities.CircleDensity densities.CircleDensity.pdf "
    "kernels.ZonalKernel activations.DualActivation "
    "activations.DualActivation.variance activations.DualActivation.pair networks.LayeredNetwork",
    "records, made by the functions beside them": "spectrum.Spectrum dynamics.Reach "
    "estimation.Estimate dynamics.Dynamics generalization.Errors generalization.Stop "
    "generalization.Learner tangent.Drift training.Training training.DivergenceError "
    "certificates.Certificate",
    "inside of kernels, which check": "activations.half_angle activations.with_bias "
    "activations.ReLU activations.ReLU.variance activations.ReLU.pair activations.Erf "
    "activations.Erf.variance activations.Erf.pair activations.HermiteSeries.variance "
    "activations.HermiteSeries.pair",
    "without python-flint": "" if "certificates.certify" in CALLS else "certificates.certify",
    "without arguments": "networks.TwoLayerReLU.extra_repr networks.FullyConnected.extra_repr",
}

# answers that may hold infinity: a bound that says nothing, a time never reached, a law at q = 0
INFINITE = set(
    "activations.HermiteSeries asymptotics.eigenvalue_corrected asymptotics.deep_eigenvalue "
    "estimation.estimate estimation.Estimate.table "
    "bounds.source bounds.coefficient_printed bounds.coefficient bounds.tail bounds.error "
    "bounds.iterations bounds.local_time dynamics.Dynamics.time_to_reach "
    "generalization.Learner.best_stop explorers.generalization.compute training.train".split()
)
# or NaN: a stopped network
NAN = {"training.train"}


def public():
    """{name: callable} of what these modules define: functions, classes, methods."""
    found = {}
    for name in MODULES:
        package = importlib.import_module(f"ntklab.{name}")
        inner = pkgutil.iter_modules(getattr(package, "__path__", ()), f"ntklab.{name}.")
        for module in (package, *(importlib.import_module(part.name) for part in inner)):
            for key, value in vars(module).items():
                if key.startswith("_") or getattr(value, "__module__", "") != module.__name__:
                    continue
                path = f"{module.__name__.removeprefix('ntklab.')}.{key}"
                if name == "explorers" and key != "compute":  # what draws trusts what computes
                    continue
                if callable(value):
                    found[path] = value
                for method in vars(value) if inspect.isclass(value) else ():
                    if callable(getattr(value, method)) and (
                        method == "__call__" or not method.startswith("_")
                    ):
                        found[f"{path}.{method}"] = getattr(value, method)
    return found


PUBLIC = public()


def arguments(name):
    """{argument: valid value} of a call, with the defaults of those left out."""
    signature = inspect.signature(PUBLIC[name])
    variable = inspect.Parameter.VAR_KEYWORD, inspect.Parameter.VAR_POSITIONAL
    own = {
        key: parameter.default for key, parameter in signature.parameters.items()
        if parameter.kind not in variable
    }
    return own | CALLS[name]


CASES = [
    (name, argument)
    for name in CALLS for argument in arguments(name) if argument not in ("self", "name")
]


def fresh(value):
    """A copy that a call may not change unseen; generators start anew."""
    if isinstance(value, torch.Generator):
        return value.clone_state()
    if isinstance(value, Iterator):
        return copy.copy(value)
    if isinstance(value, np.random.Generator | np.ndarray | list | dict | set | pd.DataFrame):
        return copy.deepcopy(value)
    return value


class Slow(Exception):
    """The alarm."""


def ring(*_):
    raise Slow(f"no answer within {SECONDS} s")


@pytest.fixture(scope="module", autouse=True)
def limits(tmp_path_factory):
    """No call waits or eats memory for long. Fewer points where experiments fix them."""
    old, (soft, hard) = signal.signal(signal.SIGPROF, ring), resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm", encoding="utf-8") as file:
        used = int(file.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, hard))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("fuzz"))  # texts are paths, too
        for module in (convergence, motivation):
            patch.setattr(module, "POINTS", 60)
        yield
    resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    signal.signal(signal.SIGPROF, old)


def call(name, given):
    """The answer; an argument that was changed is a failure."""
    given = {key: fresh(value) for key, value in given.items()}
    before = {key: copy.deepcopy(leaves(value)) for key, value in given.items() if mutable(value)}
    positional = [given.pop("self")] if "self" in given else []
    before.pop("self", None)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        answer = PUBLIC[name](*positional, **given)
        if isinstance(answer, Iterator):
            answer = list(answer)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        for key, value in before.items():
            assert same(leaves(given[key]), value), f"{name} changed {key}"
    return answer


def mutable(value):
    kinds = np.ndarray | list | dict | pd.DataFrame | torch.Tensor | torch.nn.Module
    return isinstance(value, kinds)


def leaves(value):
    """All numbers and texts in a value as a flat list."""
    if isinstance(value, torch.nn.Module):
        value = list(value.state_dict().values())
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = value.tolist()
    if isinstance(value, np.ndarray | np.generic):
        return [value]
    if isinstance(value, pd.DataFrame):
        return [part for column in value for part in leaves(value[column].to_numpy())]
    if isinstance(value, Figure):
        return [value.get_label()]
    if isinstance(value, np.random.Generator | torch.Generator | type) or callable(value):
        return []
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [part for item in value for part in leaves(item)]
    if type(value).__module__.startswith("ntklab"):
        return leaves(vars(value))
    return [type(value).__name__ if hasattr(value, "__dict__") else value]


def same(one, other, rtol=0.0):
    """Whether two lists of leaves agree, NaN with NaN."""
    def agree(a, b):
        if isinstance(a, np.ndarray | float) and np.asarray(a).dtype.kind in "fc":
            a, b = np.asarray(a), np.asarray(b)
            size = np.abs(a[np.isfinite(a)]).max(initial=0)
            return a.shape == b.shape and np.allclose(a, b, rtol, rtol * size, equal_nan=True)
        return np.array_equal(a, b)

    return len(one) == len(other) and all(map(agree, one, other))


def holds(value, test):
    """Whether a test such as np.isnan is true of some number in it."""
    parts = (np.asarray(leaf) for leaf in leaves(value))
    return any(test(part).any() for part in parts if part.dtype.kind in "fc")


def shown(value):
    try:
        return repr(value)[:200]
    except ValueError:
        return "an integer too long to print"


def check(name, argument, value):
    """The oracle."""
    given = arguments(name) | {argument: value}
    try:
        answer = call(name, given)
    except DivergenceError:
        return
    except (ValueError, TypeError) as error:
        head = str(error).partition(":")[0]
        named = set(re.findall(r"\w+", head)) if ":" in str(error) else set()
        # numbers may be right each by itself and not together: then another one may be named
        accepted = {argument} | (set(given) if value is None or is_number(value) else set())
        assert named & accepted, f"{name}({argument}={shown(value)}): {error!r}"
        return
    told = f"{name}({argument}={shown(value)}) answered {shown(answer)}"
    assert name in NAN or not holds(answer, np.isnan), told
    assert name in INFINITE or not holds(answer, np.isinf), told


def is_number(value):
    if isinstance(value, torch.Tensor):
        return True
    try:
        array = np.asarray(value)
        return array.dtype.kind in "biuf" or all(isinstance(x, numbers.Real) for x in array.flat)
    except (TypeError, ValueError, RuntimeError):
        return False


HUGE = (1e308, 10**10, 10**15, 2**63, 2**64, 10**30, -(10**30), 10**6000)
HOSTILE = [
    np.nan, np.inf, -np.inf, *HUGE, -1e308, 5e-324, 0, -1, 1, 0.5, 1.5, -0.5, -0.0, True,
    fractions.Fraction(1, 3), np.longdouble("1e4000"), np.int8(-3), np.uint64(2**64 - 1),
    np.float32(np.inf), np.array(2.5), np.array(np.nan), np.array(3), 1j, np.complex128(2),
    np.array([]), np.empty((0, 2)), np.zeros(1), np.zeros((2, 3, 4)), np.array([1.0, np.nan]),
    np.array([[1.0, -np.inf]]), np.array([1e308, -1e308]), np.array([2**63], dtype=np.uint64),
    np.array([1, 2j]), np.array([None, 1]), np.array([1.0, 2.0], dtype=object),
    np.array(["a", "b"]), np.array([True, False]), np.array(["2020-01-01"], dtype="datetime64[D]"),
    np.array([3], dtype="timedelta64[s]"), np.zeros(2, dtype=[("a", float)]),
    np.ma.array([1.0, 2.0], mask=[0, 1]),
    [], [1, 2], [[1], [1, 2]], [[1.0, 2.0], [3.0, 4.0]], [10**6000], [np.nan], ["a"], [None], (),
    (1, 1), (0,), (-1, 2), (10**10,), (1.5,), {}, {"a": 1}, {1: "a"}, {1, 2}, range(3), iter([1]),
    None, "", "abc", "auto", "1", b"1", object(), datetime.date(2020, 1, 1),
    torch.ones(3), torch.ones(2, 2, requires_grad=True), torch.tensor(np.nan), torch.float16,
    np.random.RandomState(0), pd.DataFrame(), pd.DataFrame({"a": [1.0]}), pd.Series([1.0, np.nan]),
    lambda *_: None, lambda *_: "a", lambda *_: np.nan, lambda x, *_: np.asarray(x) * np.nan,
    lambda *_: np.ones(7), lambda x, *_: 1j * np.ones(np.shape(x)),
]  # fmt: skip


def test_every_public_name_has_a_call_or_a_reason_for_none():
    excluded = {name for names in EXCLUDED.values() for name in names.split()}
    assert not excluded & set(CALLS)
    assert set(PUBLIC) == excluded | set(CALLS)


@pytest.mark.parametrize("name", CALLS)
def test_the_valid_call_is_answered(name):
    answer = call(name, arguments(name))
    assert name in NAN or not holds(answer, np.isnan)
    assert name in INFINITE or not holds(answer, np.isinf)


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_hostile_argument(name, argument):
    first, step = 0, 1
    if name.startswith(DEAR):  # one third of the values, the next argument another third
        first, step = CASES.index((name, argument)) % 3, 3
    for value in HOSTILE[first::step]:
        check(name, argument, value)


def guises(value):
    """The same value in other clothes."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        read_only, spaced = value.copy(), np.repeat(value, 2, axis=-1)[..., ::2]
        read_only.flags.writeable = False
        yield from (read_only, spaced, np.asfortranarray(value), value.tolist())
        yield value.astype(">f8")
        yield pd.Series(value) if value.ndim == 1 else pd.DataFrame(value)
        for kind in (np.float32, np.int8, np.int64):
            if np.array_equal(value.astype(kind), value):
                yield value.astype(kind)
    elif isinstance(value, bool):
        yield np.bool_(value)
    elif isinstance(value, int):
        yield from (np.int64(value), np.int16(value) if abs(value) < 2**15 else value)
    elif isinstance(value, float):
        yield from (np.float64(value), np.array(value))
        if value.is_integer():
            yield int(value)
    elif isinstance(value, tuple) and {type(item) for item in value} in ({int}, {float}):
        yield from (list(value), np.array(value))


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_another_guise_changes_no_answer(name, argument):
    given = arguments(name)
    others = list(guises(given[argument]))
    if others:
        plain = leaves(call(name, given))
        for value in others:
            answer = leaves(call(name, given | {argument: value}))
            assert same(answer, plain, 1e-9), f"{name}({argument}={shown(value)})"


@pytest.mark.parametrize(
    ("name", "argument"),
    [(name, key) for name, key in CASES if isinstance(arguments(name)[key], np.ndarray)],
)
def test_what_a_mask_hides_is_not_used(name, argument):
    given = arguments(name)
    masked = np.ma.array(given[argument])
    masked[(0,) * masked.ndim] = np.ma.masked
    with pytest.raises((TypeError, ValueError), match=f"^{argument}: "):
        call(name, given | {argument: masked})


def spoilt(value):
    """What is left of a value that was valid: other shapes, and numbers of any kind in it."""
    anything = st.one_of(
        st.floats(), st.integers(-3, 9), st.integers(10**10), st.integers(max_value=-(10**10)),
        st.fractions(), st.complex_numbers(), st.text(max_size=3), st.none(),
    )
    shapes = arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)
    fields = arrays.arrays(np.float64, shapes, elements=st.floats())
    strategies = [anything, fields, st.lists(anything, max_size=3)]
    if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size:
        places, wild = st.integers(0, value.size - 1), st.floats()
        strategies.append(st.builds(lambda i, x: with_one(value, i, x), places, wild))
    return st.one_of(strategies)


def with_one(array, place, number):
    array = array.copy()
    array.flat[place] = number
    return array


@pytest.mark.parametrize(("name", "argument"), CASES)
def test_a_spoilt_argument(name, argument):
    @settings(max_examples=5, derandomize=True, database=None)
    @given(spoilt(arguments(name)[argument]))
    def run(value):
        check(name, argument, value)

    run()
