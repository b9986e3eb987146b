"""A real JupyterLab on a copy of the lessons, and a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from PIL import Image

from banet_edu import load_samples
from banet_edu.cli.lab import copy_lessons

WAIT_MS = 150_000  # a busy machine is no failure
# What JupyterLab itself says offline; anything else on the console fails the test.
NOT_OURS = ("favicon", "Failed to load resource", "WebSocket", "net::ERR")
ROOT = Path(__file__).resolve().parents[2]
TOKEN = "browser-test"
START_S = 300  # a busy machine is no failure
# No questions about news or updates, which would need the network and cover the page.
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
# JupyterLab takes cells out of the page while they are scrolled away; a test that looks at all of them needs all of them.
ALL_CELLS = {"windowingMode": "none"}


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason='playwright is not installed: pip install -e ".[test]"'
    )
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Any:
    page = browser.new_page(viewport={"width": 1300, "height": 900})
    page.set_default_timeout(WAIT_MS)
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(f"page error: {error}"))
    page.on("console", lambda message: _note(page, message))
    yield page
    page.close()


def _note(page: Any, message: Any) -> None:
    if message.type == "error" and not any(text in message.text for text in NOT_OURS):
        page.complaints.append(f"console: {message.text}")


@pytest.fixture(scope="session")
def lab(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a JupyterLab server on a copy of the lessons without outputs; "{}" stands for the notebook."""
    home = tmp_path_factory.mktemp("lab")
    course = home / "course"
    copy_lessons(ROOT / "notebooks", course)  # without outputs: what shows afterwards was made here
    for name, values in (("apputils-extension/notification", NO_NEWS), ("notebook-extension/tracker", ALL_CELLS)):
        settings = home / "settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps(values), encoding="utf-8")

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {name: value for name, value in os.environ.items() if name != "BANET_EDU_DATA"} | {
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [
        sys.executable, "-m", "jupyterlab", str(course), "--no-browser", "--allow-root",
        f"--ServerApp.port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={TOKEN}",
        "--LabApp.extension_manager=readonly", "--LanguageServerManager.autodetect=False",  # both look around, offline too
    ]  # fmt: skip
    with (home / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=home, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(f"http://127.0.0.1:{port}/api?token={TOKEN}", server, home / "log")
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?reset&token={TOKEN}"  # without the lesson opened before
    finally:
        server.terminate()
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_S
    while time.monotonic() < end and server.poll() is None:
        try:
            urlopen(address, timeout=5).close()
            return
        except (URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="module")
def clinic(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The address that the reader's browser is sent to: the clinic on one bundled picture."""
    folder = tmp_path_factory.mktemp("clinic")
    Image.fromarray(load_samples("polyp", "test")[0].image).save(folder / "picture.png")
    sent = folder / "sent to"
    browser_command = f'{sys.executable} -c "import sys; open(sys.argv[1], \'w\').write(sys.argv[2])" "{sent}" %s'
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "PYTHONUNBUFFERED": "1", "BROWSER": browser_command}
    start = "from banet_edu.cli.main import main; main()"
    command = [sys.executable, "-c", start, "clinic", str(folder / "picture.png")]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 300
        while time.monotonic() < end and server.poll() is None:
            said = (folder / "log").read_text(errors="replace")
            if sent.exists() and sent.read_text():
                break
            time.sleep(0.3)
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", said)
        assert found, said[-2000:]
        assert sent.read_text() == found[0]
        yield found[0]
    finally:
        server.terminate()
        server.wait(30)
