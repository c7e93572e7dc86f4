"""Blocks of points whose tensors stay within a stated number of bytes."""

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from ntklab._arguments import whole_number

MEMORY = 2**30  # bytes of work on a CPU
SIDES = 2  # rows and columns of a block have tensors of their own
_ENTRY = 4 * 8  # bytes an entry in work: up to four float64 copies


class _Allocations(TorchDispatchMode):
    """Adds up the bytes of every tensor made, freed since or not: never less than the peak."""

    def __init__(self):
        super().__init__()
        self.bytes = 0

    @classmethod
    def _should_skip_dynamo(cls):
        return False  # it would load torch's compiler, for two seconds, to keep it out

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        answer = function(*args, **kwargs)
        given = {_storage(tensor) for tensor in _tensors((*args, *kwargs.values()))}
        for tensor in _tensors((answer,)):
            if _storage(tensor) not in given:
                self.bytes += tensor.nbytes
        return answer


def _tensors(values):
    """Those among the arguments or the answers of an operation, which are tensors and lists."""
    for value in values:
        if isinstance(value, torch.Tensor):
            yield value
        elif isinstance(value, list | tuple):
            yield from (item for item in value if isinstance(item, torch.Tensor))


def _storage(tensor):
    return tensor.untyped_storage()._cdata


def cost_of(function, points):
    """(fixed, per point) bytes that function(x) allocates, found by calling it on few points."""
    counts = []
    for n in (1, 2):
        with _Allocations() as allocations:
            function(points[[0] * n])
        counts.append(allocations.bytes)
    per_point = max(counts[1] - counts[0], 1)
    return max(counts[0] - per_point, 0), per_point


class _TooSmall(ValueError):
    """A `memory` that does not hold one point."""


def budget(memory, device):
    """The bytes asked for, or else half of what is free on a GPU, and `MEMORY` elsewhere."""
    if memory is not None:
        return whole_number("memory", memory, at_least=1)
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] // 2
    return MEMORY


def in_smaller_blocks(work, memory, device):
    """work(memory), with half the memory again and again where the device runs out of it."""
    given = memory
    while memory:
        try:
            return work(memory)
        except torch.OutOfMemoryError:
            memory //= 2
        except _TooSmall:
            if memory == given:
                raise
            break
        if device.type == "cuda":
            torch.cuda.empty_cache()
    raise MemoryError(f"network: {device} ran out of memory, even with one point at a time")


def block_length(memory, cost, strip):
    """Largest number of points whose tensors, for rows and for columns, and strip fit in memory."""
    fixed, per_point = cost
    per_point = SIDES * per_point + strip * _ENTRY
    if memory < fixed + per_point:
        least = fixed + per_point
        raise _TooSmall(f"memory: must be at least {least} bytes for one point, got {memory}")
    return (memory - fixed) // per_point


def blocks(start, stop, length):
    """Slices of at most `length` from start to stop."""
    return [slice(i, min(i + length, stop)) for i in range(start, stop, length)]
