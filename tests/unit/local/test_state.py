from local.paths import Paths
from local.state import ComponentState, Condition, Phase, SystemState, is_supervised, read, running, supervising


def made(tmp_path) -> Paths:
    paths = Paths(tmp_path / "data")
    paths.create()
    return paths


def written(paths: Paths) -> SystemState:
    state = SystemState(1, "2026-01-01T00:00:00+00:00", 7400, str(paths.data_dir), Phase.READY)
    state.components = [ComponentState("oms", "127.0.0.1:7416", "oms.log", Condition.READY, 12)]
    state.write(paths)
    return state


def test_a_state_is_read_as_it_was_written(tmp_path):
    paths = made(tmp_path)
    state = written(paths)
    assert read(paths) == state


def test_a_state_that_cannot_be_understood_is_none(tmp_path):
    paths = made(tmp_path)
    paths.state.write_text('{"pid": 1}')
    assert read(paths) is None


def test_a_system_runs_while_its_lock_is_held_whatever_the_file_says(tmp_path):
    paths = made(tmp_path)
    written(paths)
    assert running(paths) is None
    with supervising(paths.lock) as alone:
        assert alone
        assert is_supervised(paths)
        assert running(paths) is not None
    assert running(paths) is None


def test_only_one_supervisor_gets_the_lock(tmp_path):
    paths = made(tmp_path)
    with supervising(paths.lock) as first, supervising(paths.lock) as second:
        assert (first, second) == (True, False)
