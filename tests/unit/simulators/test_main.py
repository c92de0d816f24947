"""The command line."""

import pytest

from simulators.lp import main as cli


def run(monkeypatch, *arguments):
    monkeypatch.setattr("sys.argv", ["lp", "--name", "alpha", "--port", "0", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code


def test_help_names_every_option(monkeypatch, capsys):
    assert run(monkeypatch, "--help") == 0
    text = capsys.readouterr().out
    for option in ("--name", "--port", "--seed", "--ticks", "--rate", "--script", "--store"):
        assert option in text


@pytest.mark.parametrize("rate", ["0", "-3", "nan", "many"])
def test_bad_rate_is_refused(monkeypatch, capsys, rate):
    assert run(monkeypatch, "--rate", rate) == 2
    assert "rate" in capsys.readouterr().err


def test_bad_tick_file_ends_with_its_line(monkeypatch, capsys, tmp_path):
    path = tmp_path / "EURUSD.csv"
    path.write_text("time,bid,ask\nnow,1,2\n")
    assert run(monkeypatch, "--ticks", str(path)) == 2
    assert "EURUSD.csv: line 2:" in capsys.readouterr().err


def test_bad_script_ends_with_its_rule(monkeypatch, capsys, tmp_path):
    path = tmp_path / "faults.toml"
    path.write_text("[[rule]]\n")
    assert run(monkeypatch, "--script", str(path)) == 2
    assert "rule 1" in capsys.readouterr().err
