from pathlib import Path

import pytest

from local import quickfix_wheel, setup


@pytest.fixture
def clone(tmp_path, monkeypatch) -> Path:
    (tmp_path / "local").mkdir()
    for name in ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "local/quickfix_wheel.py"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "bin" / "python").touch()
    monkeypatch.setattr(setup, "ROOT", tmp_path)
    monkeypatch.setattr(setup, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(setup, "PYTHON", tmp_path / ".venv" / "bin" / "python")
    locks = {"run": tmp_path / "requirements.lock", "dev": tmp_path / "requirements-dev.lock"}
    monkeypatch.setattr(setup, "LOCKS", locks)
    return tmp_path


def finished(profile: str) -> None:
    setup.stamp_file(profile).write_text(setup.stamp_of(profile))


def test_a_fresh_clone_is_not_current(clone):
    assert not setup.is_current("run")


def test_a_set_up_clone_is_current(clone):
    finished("run")
    assert setup.is_current("run")
    assert not setup.is_current("dev")


@pytest.mark.parametrize("name", ["requirements.lock", "pyproject.toml", "local/quickfix_wheel.py"])
def test_a_change_of_what_it_was_made_from_asks_for_another_set_up(clone, name):
    finished("run")
    (clone / name).write_text("changed")
    assert not setup.is_current("run")


def test_the_installer_is_locked_with_its_hashes():
    lines = setup.locked("uv").splitlines()
    assert lines[0].startswith("uv==")
    assert all("--hash=sha256:" in line for line in lines[1:] if "#" not in line)
    assert len(lines) > 2


def test_a_package_that_is_not_locked_is_named(clone):
    with pytest.raises(setup.SetupError, match="left-pad is not in"):
        setup.locked("left-pad")


def test_a_missing_compiler_is_one_sentence_that_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(quickfix_wheel.shutil, "which", lambda _name: None)
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(quickfix_wheel.BuildError, match=r"apt-get install g\+\+"):
        quickfix_wheel.find_compiler()


def test_a_wheel_in_the_cache_is_taken_without_a_compiler(tmp_path, monkeypatch):
    monkeypatch.setattr(quickfix_wheel, "find_compiler", lambda: pytest.fail("must not compile"))
    (tmp_path / "quickfix-1.16.0-cp311.whl").touch()
    assert quickfix_wheel.wheel(tmp_path) == tmp_path / "quickfix-1.16.0-cp311.whl"


def test_a_source_with_another_hash_is_not_built(tmp_path, monkeypatch):
    def forged(command, **_):
        (tmp_path / "quickfix-1.16.0.tar.gz").write_bytes(b"something else")
        return quickfix_wheel.subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(quickfix_wheel.subprocess, "run", forged)
    with pytest.raises(quickfix_wheel.BuildError, match="not the one that is locked"):
        quickfix_wheel.download(tmp_path)
