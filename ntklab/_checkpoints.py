"""A training on disk: one file that is whole at any moment, and refused unless it fits the call."""

import hashlib
import io
import os
from pathlib import Path

import torch

from ntklab._arguments import _short
from ntklab._files import replace

MAGIC = b"ntklab training checkpoint 1\n"
KEPT = "it was left as it is, move it away to start again"


def checked(checkpoint):
    """The path of a checkpoint, or None."""
    if checkpoint is None:
        return None
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"checkpoint: must be a path, got {_short(checkpoint)}")
    path = Path(checkpoint)
    if path.is_dir() or not path.parent.is_dir():
        raise ValueError(f"checkpoint: must be a file in a folder that exists, got {str(path)!r}")
    return path


def digests(named):
    """{argument: digest of its values}: what a checkpoint must share with the call resuming it."""
    return {name: _digest(values) for name, values in named.items()}


def save(path, settings, **content):
    """Writes a checkpoint: `MAGIC`, the digest of what follows, a dict by torch.save."""
    buffer = io.BytesIO()
    torch.save({"settings": settings, **content}, buffer)
    payload = buffer.getvalue()
    replace(path, MAGIC + hashlib.sha256(payload).digest() + payload)


def load(path, settings, device):
    """The dict that `save` wrote to `path`; refused if it was made with other settings."""
    data, size = path.read_bytes(), len(MAGIC) + hashlib.sha256().digest_size
    payload, file = data[size:], repr(str(path))
    if data[:size] != MAGIC + hashlib.sha256(payload).digest():
        raise ValueError(f"checkpoint: {file} is damaged or no checkpoint of `train`; {KEPT}")
    saved = torch.load(io.BytesIO(payload), map_location=device, weights_only=True)
    other = [name for name in settings if settings[name] != saved["settings"].get(name)]
    if other:
        raise ValueError(f"checkpoint: {file} was made with other {', '.join(other)}; {KEPT}")
    return saved


def _digest(values):
    digest = hashlib.sha256()
    for value in values:
        if isinstance(value, torch.Tensor):
            digest.update(f"{tuple(value.shape)} {value.dtype}".encode())
            value = value.detach().cpu().numpy().tobytes()
        digest.update(value if isinstance(value, bytes) else repr(value).encode())
    return digest.hexdigest()
