from __future__ import annotations

import os
import sys

import nbformat
import pytest
from jupyter_server.services.config.manager import ConfigManager

from banet_edu.cli import doctor, lab


def test_lab_opens_the_folder_of_notebooks(banet_edu, monkeypatch, tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, env: started.append(command) or 0)
    code, out, _ = banet_edu("lab", tmp_path, "--port", 8999, "--no-browser")
    assert code == 0
    assert str(tmp_path) in out
    [command] = started
    assert command[:3] == [sys.executable, "-m", "jupyterlab"]
    assert str(tmp_path) in command
    assert "--no-browser" in command
    assert "--ServerApp.port=8999" in command


def test_lab_opens_a_copy_without_outputs_and_keeps_what_was_done_there(banet_edu, monkeypatch, tmp_path):
    course = tmp_path / "notebooks"
    course.mkdir()
    for name in ("00_a", "01_b"):
        cell = nbformat.v4.new_code_cell(
            "1 + 1", execution_count=3, outputs=[nbformat.v4.new_output("stream", text="2")]
        )
        nbformat.write(
            nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_markdown_cell("text")]), course / f"{name}.ipynb"
        )
    monkeypatch.setattr(lab, "find_notebooks", lambda: course)
    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, env: started.append(command) or 0)

    code, out, _ = banet_edu("lab", "--no-browser")
    assert code == 0 and "2 lessons copied" in out
    assert str(tmp_path) in started[0] and "--LabApp.default_url=/lab/tree/my-course" in started[0]
    mine = tmp_path / "my-course" / "00_a.ipynb"
    cells = nbformat.read(mine, as_version=4).cells
    assert [cell.source for cell in cells] == ["1 + 1", "text"]
    assert cells[0].outputs == [] and cells[0].execution_count is None

    mine.write_text("my work")
    (tmp_path / "my-course" / "01_b.ipynb").unlink()
    _, out, _ = banet_edu("lab", "--no-browser")
    assert "1 lesson copied, 1 kept" in out
    assert mine.read_text() == "my work"
    assert sorted(path.name for path in mine.parent.glob("*.ipynb")) == ["00_a.ipynb", "01_b.ipynb"]


def test_lab_asks_nothing_about_news(banet_edu, monkeypatch, tmp_path):
    (tmp_path / "a.ipynb").write_text("{}")
    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, env: started.append(env) or 0)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    banet_edu("lab", tmp_path, "--no-browser")
    first, *others = started[0]["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert others == ["mine"]
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", first)
    settings = ConfigManager(config_dir_name="labconfig").get("default_setting_overrides")
    assert settings["@jupyterlab/apputils-extension:notification"] == {"checkForUpdates": False, "fetchNews": "false"}


def test_lab_without_notebooks_says_where_they_are(banet_edu, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    code, _, err = banet_edu("lab", tmp_path)
    assert code == 1 and "there is no notebook" in err
    monkeypatch.setattr(lab, "__file__", str(tmp_path / "site-packages" / "banet_edu" / "cli" / "lab.py"))
    with pytest.raises(FileNotFoundError, match="source checkout"):
        lab.find_notebooks()
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").write_text("{}")
    assert lab.find_notebooks() == tmp_path / "notebooks"


def test_doctor_finds_this_machine_ready(banet_edu):
    code, out, err = banet_edu("doctor")
    assert code == 0, out + err
    for word in ("torch", "memory", "dermoscopy samples", "smoke run", "s a step", "Ready"):
        assert word in out


def test_doctor_ends_with_1_and_says_what_is_missing(banet_edu, monkeypatch):
    monkeypatch.setattr(doctor, "SHOWN_VERSIONS", ("torch", "no-such-package"))
    code, out, _ = banet_edu("doctor", "--quick")
    assert code == 1
    assert "pip install -c constraints.txt no-such-package" in out
    assert "Not ready: no-such-package" in out
    assert "smoke" not in out


def test_doctor_names_the_extra_that_is_missing(banet_edu, monkeypatch):
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    _, out, _ = banet_edu("doctor", "--quick")
    assert "banet-edu[dicom]" in out.replace("\n", "").replace(" ", "")


def test_the_clinic_is_refused_in_words_before_a_server_starts(banet_edu, tmp_path, monkeypatch):
    code, _, err = banet_edu("clinic", tmp_path / "none.jpg", "--no-browser")
    assert code == 1 and "none.jpg: no such file or folder" in err
    code, _, err = banet_edu("clinic", tmp_path, "--no-browser")
    assert code == 1 and "holds no image" in err
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    code, _, err = banet_edu("clinic", "--no-browser")
    assert code == 1 and 'pip install "banet-edu[clinic]"' in err


def test_the_clinic_serves_this_machine_alone_and_asks_for_a_token(banet_edu, tmp_path, monkeypatch):
    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, environment: started.append(command) or 0)
    code, out, _ = banet_edu("clinic", "--no-browser", "--port", "8899")
    assert code == 0
    [command] = started
    assert "--Voila.ip=127.0.0.1" in command and "--no-browser" in command
    token = next(part.removeprefix("--token=") for part in command if part.startswith("--token="))
    assert len(token) > 15 and f"http://127.0.0.1:8899/?token={token}" in out.replace("\n", "")


def test_the_clinic_does_not_send_the_browser_to_somebody_elses_port(banet_edu, monkeypatch):
    import socket

    monkeypatch.setattr(lab, "run_until_stopped", lambda command, environment: pytest.fail("a server was started"))
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        code, _, err = banet_edu("clinic", "--port", other.getsockname()[1])
    assert code == 1 and "cannot be used" in err and "leave --port out" in err


@pytest.mark.parametrize("snaps", [True, False])
def test_browsers_in_sandboxes_get_the_address_itself(tmp_path, monkeypatch, snaps):
    import typer

    started = []
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, environment: started.extend(command) or 0)
    monkeypatch.setattr(lab, "SNAPS", tmp_path if snaps else tmp_path / "none")
    (tmp_path / "one.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(typer.Exit):
        lab.open_lab(tmp_path)
    assert ("--ServerApp.use_redirect_file=False" in started) == snaps


def test_lab_hands_the_file_of_answers_to_every_lesson(tmp_path, monkeypatch):
    import typer

    started = {}
    monkeypatch.setattr(lab, "run_until_stopped", lambda command, environment: started.update(environment) or 0)
    (tmp_path / "one.ipynb").write_text("{}", encoding="utf-8")
    with pytest.raises(typer.Exit):
        lab.open_lab(tmp_path, browser=False, predictions=tmp_path / "ann.json")
    assert started["BANET_EDU_PREDICTIONS"] == str((tmp_path / "ann.json").resolve())
    (tmp_path / "bob.json").write_text("{", encoding="utf-8")
    with pytest.raises(ValueError, match=r"bob\.json: holds no predictions"):
        lab.open_lab(tmp_path, browser=False, predictions=tmp_path / "bob.json")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        lab.open_lab(tmp_path, browser=False, predictions=tmp_path / "nowhere" / "ann.json")


def test_the_browser_is_sent_to_the_clinic_with_its_token_once_it_is_there(monkeypatch):
    import socket
    import webbrowser

    sent = []
    monkeypatch.setattr(webbrowser, "open", sent.append)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        lab.open_when_there("http://none", port, wait_s=0.5)
        assert sent == []  # nobody listens yet
        server.listen()
        lab.open_when_there(f"http://127.0.0.1:{port}/?token=t", port)
    assert sent == [f"http://127.0.0.1:{port}/?token=t"]
