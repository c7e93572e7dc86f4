"""Files that are whole at any moment."""

import contextlib
import os


def replace(path, content):
    """Write a file that is on disk on return; on an error the old file stays as it was."""
    draft = path.with_name(path.name + ".tmp")
    try:
        with open(draft, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise OSError(error.errno, f"not written ({error.strerror})", str(path)) from None
