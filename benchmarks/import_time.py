"""How long `import banet_edu` takes against `import torch` alone: python benchmarks/import_time.py

Each import runs in a fresh interpreter, the two in turns, so that both meet the same machine; the medians are compared.
`from banet_edu import create_model` is shown beside: it is what a notebook's first cell pays.
"""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

REPEATS = 9
STATEMENTS = ("import torch", "import banet_edu", "from banet_edu import create_model")


def seconds(statement: str) -> float:
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def main() -> None:
    for statement in STATEMENTS:  # the first read of the files from disk does not count
        seconds(statement)
    times: dict[str, list[float]] = {statement: [] for statement in STATEMENTS}
    for _ in range(REPEATS):
        for statement in STATEMENTS:
            times[statement].append(seconds(statement))
    base = median(times["import torch"])
    for statement, values in times.items():
        print(f"{statement:<36} {median(values):6.2f} s   {median(values) / base:5.2f} of import torch")


if __name__ == "__main__":
    main()
