"""`banet-edu lab`: JupyterLab on the reader's own copy of the course. `banet-edu clinic`: the boundary clinic as a page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from banet_edu.cli.console import out, warn

EPILOG = "Example: [bold]banet-edu lab[/] · another port: [bold]banet-edu lab --port 8890[/]"
CLINIC_EPILOG = "Example: [bold]banet-edu clinic[/] · on one's own images: [bold]banet-edu clinic photos[/]"
WORK = "my-course"
# JupyterLab asks about news and looks for updates otherwise: a window over the first lesson, and no network in class.
SETTINGS = Path(__file__).parent / "jupyter"
SNAPS = Path("/snap/bin")
# Voila's template asks a server elsewhere for icons that are here as well; where packets vanish the page waits for it.
OFFLINE = (
    "default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; connect-src 'self' ws://127.0.0.1:{port} data: blob:; "
    "frame-ancestors 'self'"
)


def find_notebooks() -> Path:
    """The course's notebooks: the checkout's, else `notebooks` in the working directory.

    Raises FileNotFoundError when there are none, as with a wheel: the notebooks come with the source checkout.
    """
    for place in (Path(__file__).resolve().parents[2] / "notebooks", Path.cwd() / "notebooks"):
        if any(place.glob("*.ipynb")):
            return place
    raise FileNotFoundError(
        "the notebooks are part of the source checkout, not of the installed package: "
        "run `banet-edu lab` in the checkout, or name a folder of notebooks, as in `banet-edu lab FOLDER`"
    )


def copy_lessons(notebooks: Path, work: Path) -> tuple[list[str], list[str]]:
    """Copy each lesson that is not yet in `work`, without outputs: they would give away what the reader is to predict.

    What is there stays as it is, so that nobody's work is lost. Returns the names copied and the names kept.
    """
    import nbformat

    from banet_edu.storage import write_text

    work.mkdir(parents=True, exist_ok=True)
    copied, kept = [], []
    for path in sorted(notebooks.glob("*.ipynb")):
        if (work / path.name).exists():
            kept.append(path.name)
            continue
        notebook = nbformat.read(path, as_version=4)
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None
        write_text(work / path.name, nbformat.writes(notebook) + "\n")
        copied.append(path.name)
    return copied, kept


def open_lab(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help=f"Notebooks to open as they are. Default: your copy, {WORK}."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The first port to try.")] = 8888,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
    predictions: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Keep predictions, checks and quiz answers in this file (.json)."),
    ] = None,
    allow_root: Annotated[
        bool, typer.Option("--allow-root", help="Start as root, as in a container; Jupyter advises against it.")
    ] = False,
) -> None:
    """Open JupyterLab on the course: a copy of your own, without outputs, which later calls keep.

    It lies beside the lessons, or in the working directory where these may not be written to.
    """
    from banet_edu.storage import check_folder

    environment = dict(os.environ)
    if predictions is not None:
        from banet_edu.course.record import VARIABLE, read_answers

        if predictions.is_dir():
            raise IsADirectoryError(
                f"{predictions}: is a folder; name a file in it, as {predictions / 'my_answers.json'}"
            )
        if predictions.exists():
            read_answers(predictions)  # refused here, not in the first lesson
        elif not predictions.parent.is_dir():
            raise FileNotFoundError(f"{predictions.parent}: No such file or directory")
        environment[VARIABLE] = str(predictions.resolve())
    if folder is None:
        notebooks = find_notebooks()
        root = notebooks.parent  # the copy lies beside the lessons, so that links to docs/ lead somewhere
        try:
            check_folder(root / WORK)
        except PermissionError as error:  # a checkout that many share
            root = Path.cwd()
            try:
                check_folder(root / WORK)
            except PermissionError:
                raise PermissionError(f"{error}: change to one of your own (cd) and call banet-edu lab there") from None
            warn(
                f"{notebooks.parent} cannot be written to, so your copy is in {root / WORK}; its links to docs lead nowhere."
            )
        opened = root / WORK
        copied, kept = copy_lessons(notebooks, opened)
        said = [f"{len(copied)} lesson{'s' * (len(copied) != 1)} copied"] if copied else []
        if kept:
            said.append(f"{len(kept)} kept as you left them (to start one anew, rename or delete its file)")
        out.print(f"{opened}: {', '.join(said)}", soft_wrap=True, markup=False)
    else:
        if folder.is_file():
            raise NotADirectoryError(f"{folder}: is a file; name the folder that holds it")
        if not any(folder.glob("*.ipynb")):
            raise FileNotFoundError(f"there is no notebook (*.ipynb) in {folder}")
        root = opened = folder.resolve()
    keys = "Ctrl-C" if os.name == "nt" else "Ctrl-C twice"
    out.print(f"JupyterLab on {opened} ({keys} stops it)", soft_wrap=True, markup=False)
    start = opened.relative_to(root).as_posix()
    command = [
        sys.executable, "-m", "jupyterlab", str(root), f"--ServerApp.port={port}",
        f"--LabApp.default_url=/lab/tree/{start}" if start != "." else "--LabApp.default_url=/lab",
    ]  # fmt: skip
    if not browser:
        command.append("--no-browser")
    if allow_root:
        command.append("--allow-root")
    if SNAPS.is_dir():  # Ubuntu's browsers live in sandboxes, which may not read the file that would hide the token
        command.append("--ServerApp.use_redirect_file=False")
    config = os.pathsep.join(filter(None, [str(SETTINGS), environment.get("JUPYTER_CONFIG_PATH")]))
    raise typer.Exit(run_until_stopped(command, {**environment, "JUPYTER_CONFIG_PATH": config}))


def open_clinic(
    place: Annotated[
        Path | None,
        typer.Argument(metavar="FILE or FOLDER", help="An image, or a folder of them; else drop one on the page."),
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 0,
    browser: Annotated[bool, typer.Option(help="Open a browser window.")] = True,
) -> None:
    """Open the boundary clinic in a browser, without JupyterLab: on this machine only. Not a medical device."""
    import importlib.util
    import secrets
    import socket
    import tempfile
    import threading

    import nbformat

    if importlib.util.find_spec("voila") is None:
        raise ModuleNotFoundError('the clinic\'s page needs Voila: pip install "banet-edu[clinic]"')
    if place is not None:
        from banet_edu.clinic.uploaded import images_at

        images_at(place)  # refused here, not in the browser
    with socket.socket() as free:
        try:
            free.bind(("127.0.0.1", port))
        except OSError as error:
            raise OSError(f"port {port} cannot be used ({error.strerror}); leave --port out for a free one") from None
        port = free.getsockname()[1]
    token = secrets.token_urlsafe(16)
    shown = "None" if place is None else repr(str(place.resolve()))
    cell = nbformat.v4.new_code_cell(f"from banet_edu.clinic.app import clinic\nclinic({shown})")
    with tempfile.TemporaryDirectory(prefix="banet-edu-clinic-", ignore_cleanup_errors=True) as folder:
        notebook = Path(folder) / "clinic.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=[cell]), notebook)
        address = f"http://127.0.0.1:{port}/?token={token}"
        out.print(f"Clinic: {address}", soft_wrap=True, markup=False)
        out.print("Ctrl-C stops it. For teaching and research. Not a medical device.", style="yellow")
        # A page that is closed tells the server to end its kernel, by a request without _xsrf; the token guards it.
        settings = {"headers": {"Content-Security-Policy": OFFLINE.format(port=port)}, "disable_check_xsrf": True}
        command = [
            sys.executable, "-m", "voila", str(notebook), f"--port={port}", "--Voila.ip=127.0.0.1", f"--token={token}",
            "--ServerApp.port_retries=0", "--template=lab", "--theme=light", "--no-browser",
            f"--Voila.tornado_settings={settings}", "--MappingKernelManager.cull_idle_timeout=3600",
            "--MappingKernelManager.cull_interval=60",
        ]  # fmt: skip
        if browser:  # Voila itself would leave the token out, and show a page that asks for it
            threading.Thread(target=open_when_there, args=(address, port), daemon=True).start()
        raise typer.Exit(run_until_stopped(command, os.environ))


def open_when_there(address: str, port: int, wait_s: float = 120) -> None:
    """Open `address` in the reader's browser as soon as a server on this machine takes calls at `port`."""
    import socket
    import time
    import webbrowser

    end = time.monotonic() + wait_s
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            webbrowser.open(address)
            return


def run_until_stopped(command: list[str], environment: Mapping[str, str]) -> int:
    """Run a server until it ends, and end it with this process: by Ctrl-C, a closed terminal or `kill`.

    Ctrl-C reaches the server too, which asks before it stops; only a second one is ours to act on.
    """

    def stop(signal_number: int, frame: Any) -> None:
        raise SystemExit(128 + signal_number)

    for name in ("SIGTERM", "SIGHUP"):
        if number := getattr(signal, name, None):
            signal.signal(number, stop)
    server = subprocess.Popen(command, env=environment)
    try:
        while True:
            try:
                return server.wait()
            except KeyboardInterrupt:
                continue
    finally:
        if server.poll() is None:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
