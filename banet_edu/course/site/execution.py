"""Run a lesson once in a kernel that records what its page needs. Its notebook file stays as it is."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

_RECORD = "from banet_edu.course.site.recording import record\nrecord()"
_CELL_S = 1800  # a panel of 200 pictures, on a busy machine


def run_lesson(path: Path, progress: Callable[[int, int], None] = lambda done, of: None) -> Any:
    """The notebook at `path`, executed offline on bundled samples, with `recording.MIME` entries in its outputs.

    Args:
        progress: is told how many cells of how many are done.

    RuntimeError names the cell that fails; KeyboardInterrupt after Ctrl-C. `BANET_EDU_DATA` is not looked at: no picture of a
    patient comes on a page.
    """
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    notebook: Any = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.insert(0, nbformat.v4.new_code_cell(_RECORD))
    reached = [0]

    def done(cell: Any, cell_index: int) -> None:
        reached[0] = cell_index
        progress(cell_index, len(notebook.cells) - 1)

    environment = {
        name: value for name, value in os.environ.items() if name not in ("BANET_EDU_DATA", "BANET_EDU_PREDICTIONS")
    }
    environment["OMP_WAIT_POLICY"] = "PASSIVE"
    client = NotebookClient(
        notebook,
        timeout=_CELL_S,
        kernel_name="python3",
        extra_arguments=["--log-level=50"],  # a kernel that is stopped complains at length
        resources={"metadata": {"path": str(path.parent)}},
        on_cell_start=done,
    )
    try:
        client.execute(env=environment)
    except Exception as error:
        # nbclient answers Ctrl-C and `kill` by ending the kernel, stumbles over that somewhere, and keeps the signals.
        if getattr(client, "_async_cleanup_kernel_future", None) is not None:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            raise KeyboardInterrupt("what is done is kept; the same command goes on") from None
        if isinstance(error, CellExecutionError | CellTimeoutError | DeadKernelError):
            raise RuntimeError(f"{path.name}, cell {reached[0]}: {error}") from None
        raise
    del notebook.cells[0]
    return notebook
