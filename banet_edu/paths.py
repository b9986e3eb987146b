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


def recorded_root() -> Path:
    """The folder `docs/recorded/` of the checkout, with the tables of runs that took longer than a lesson.

    Looked for beside this package, then around the folder one works in (a notebook's). Raises FileNotFoundError where
    it is nowhere: it comes with the checkout, not with the installed package.
    """
    package, here = Path(__file__).resolve().parent, Path.cwd()
    for folder in (package.parent, here, *here.parents):
        if (folder / "docs" / "recorded").is_dir():
            return folder / "docs" / "recorded"
    raise FileNotFoundError(
        "the recorded results (docs/recorded) are neither beside the package nor around this folder; they come with the "
        "checkout of banet-edu: open the notebook there"
    )
