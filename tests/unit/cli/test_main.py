import json
import socket

import click
import pytest

from cli import main
from cli.places import logins, urls
from cli.problem import Exit, Problem
from local.paths import Paths
from local.ports import Ports
from local.state import ComponentState, Condition, Phase, SystemState, supervising
from services.kernel.clock import utc_now


@pytest.fixture
def data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("TRADELOOM_DATA_DIR", str(tmp_path / "d"))
    return Paths(tmp_path / "d")


@pytest.fixture
def running(data_dir):
    """A system that runs, as far as its lock and its state file tell."""
    data_dir.create()
    state = SystemState(12, utc_now().isoformat(), 8400, str(data_dir.data_dir), Phase.READY)
    state.components = [ComponentState("oms", "127.0.0.1:8416", "", Condition.READY, 34, utc_now().isoformat())]
    state.write(data_dir)
    with supervising(data_dir.lock) as alone:
        assert alone
        yield state


def test_an_unknown_command_is_wrong_usage(capsys):
    assert main.run(["fly"]) == Exit.USAGE
    assert "No such command" in capsys.readouterr().err


def test_a_port_out_of_range_is_wrong_usage():
    assert main.run(["up", "--port-base", "70000"]) == Exit.USAGE


def test_help_names_every_command(capsys):
    assert main.run(["--help"]) == Exit.OK
    shown = capsys.readouterr().out
    assert all(f"\n  {name} " in shown for name in main.COMMANDS)


def test_a_failure_is_one_sentence_without_a_traceback(capsys, monkeypatch):
    @click.command()
    def broken() -> None:
        raise OSError("disk full")

    monkeypatch.setitem(main.COMMANDS, "broken", f"{__name__}:broken")
    monkeypatch.setattr(main.importlib, "import_module", lambda _name: type("M", (), {"broken": broken}))
    assert main.run(["broken"]) == Exit.REFUSED
    assert capsys.readouterr().err == "ERROR OSError: disk full (TRADELOOM_DEBUG=1 shows where)\n"


def test_a_problem_decides_the_exit_code():
    assert Problem("x").code is Exit.REFUSED
    assert Problem("x", Exit.UNAVAILABLE).code == 4


def test_status_of_nothing_is_unavailable_and_says_what_to_do(capsys, data_dir):
    assert main.run(["status"]) == Exit.UNAVAILABLE
    assert "tradeloom up" in capsys.readouterr().err


def test_status_shows_every_component(capsys, running):
    assert main.run(["status"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "127.0.0.1:8416" in shown
    assert "http://127.0.0.1:8400" in shown


def test_status_is_unavailable_while_a_component_is_not_ready(running, data_dir):
    running.components[0].condition = Condition.RESTARTING
    running.write(data_dir)
    assert main.run(["status"]) == Exit.UNAVAILABLE


def test_status_for_scripts_is_json(capsys, running):
    assert main.run(["status", "-o", "json"]) == Exit.OK
    document = json.loads(capsys.readouterr().out)
    assert document["urls"] == urls(Ports(8400))
    assert document["components"][0]["condition"] == "ready"
    assert document["logins"] == logins()


def test_status_for_a_shell_can_be_sourced(capsys, running):
    assert main.run(["status", "-o", "env"]) == Exit.OK
    assert "export TRADELOOM_REST_URL=http://127.0.0.1:8400\n" in capsys.readouterr().out


def test_a_second_up_says_that_it_runs(capsys, running):
    assert main.run(["up"]) == Exit.OK
    assert "runs already (pid 12" in capsys.readouterr().out


def test_a_taken_port_is_named_with_a_way_out(capsys, data_dir):
    with socket.create_server(("127.0.0.1", 0)) as server:
        base = min(server.getsockname()[1], 65_000)
        if base != server.getsockname()[1]:
            pytest.skip("the system gave a port too high for a base")
        assert main.run(["up", "--port-base", str(base)]) == Exit.REFUSED
    shown = capsys.readouterr().err
    assert f"port {base} (gateway)" in shown
    assert "--port-base" in shown


def test_fresh_does_not_empty_a_folder_of_somebody_else(capsys, data_dir):
    data_dir.data_dir.mkdir()
    (data_dir.data_dir / "thesis.txt").touch()
    free = next(base for base in range(20_000, 31_000, 100) if not Ports(base).taken())
    assert main.run(["up", "--fresh", "--port-base", str(free)]) == Exit.REFUSED
    assert "nothing was removed" in capsys.readouterr().err
    assert (data_dir.data_dir / "thesis.txt").exists()


def test_logs_of_an_unknown_service_names_those_there_are(capsys, data_dir):
    data_dir.create()
    data_dir.log("oms").write_text("one\ntwo\nthree\n")
    assert main.run(["logs", "nobody"]) == Exit.USAGE
    assert "oms" in capsys.readouterr().err


def test_logs_show_the_last_lines(capsys, data_dir):
    data_dir.create()
    data_dir.log("oms").write_text("one\ntwo\nthree\n")
    assert main.run(["logs", "oms", "-n", "2"]) == Exit.OK
    assert capsys.readouterr().out == "two\nthree\n"


def test_logs_of_all_say_whose_line_it_is(capsys, data_dir):
    data_dir.create()
    data_dir.log("oms").write_text("one\n")
    data_dir.log("router").write_text("two\n")
    assert main.run(["logs"]) == Exit.OK
    assert capsys.readouterr().out == "oms    | one\nrouter | two\n"
