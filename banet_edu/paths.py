"""Where the bundled files are: at the top of a checkout, or inside the installed package."""

from __future__ import annotations

from pathlib import Path


def samples_root() -> Path:
    """The folder `data_samples/`: of the checkout this package lies in, else the copy the wheel carries.

    Raises FileNotFoundError when neither is there (a broken installation).
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "data_samples", package.parent / "data_samples"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"the bundled data_samples folder is missing beside {package}; install banet-edu again, or rebuild the samples "
        "with 'banet-edu data make'"
    )
