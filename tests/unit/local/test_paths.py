import os

import pytest

from local.paths import LENGTH_MAX, MARKER, DataDirError, Paths, default_data_dir, write_private


def test_a_new_data_dir_is_marked_as_ours(tmp_path):
    paths = Paths(tmp_path / "data")
    paths.create()
    assert paths.exists()
    assert (paths.data_dir.stat().st_mode & 0o077) in (0, 0o011)


def test_a_folder_with_other_things_in_it_is_refused(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataDirError, match="not ours"):
        Paths(tmp_path).create()


def test_wiping_removes_only_what_is_ours(tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(DataDirError, match="nothing was removed"):
        Paths(tmp_path).wipe()
    assert (tmp_path / "thesis.txt").exists()


def test_wiping_ours_leaves_an_empty_folder(tmp_path):
    paths = Paths(tmp_path / "data")
    paths.create()
    paths.log("oms").write_text("lines")
    paths.wipe()
    assert list(paths.data_dir.iterdir()) == []


def test_wiping_what_does_not_exist_does_nothing(tmp_path):
    Paths(tmp_path / "none").wipe()
    assert not (tmp_path / "none").exists()


def test_wiping_does_not_follow_a_link_out_of_the_folder(tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    paths = Paths(tmp_path / "data")
    paths.create()
    (paths.data_dir / "link").symlink_to(elsewhere)
    paths.wipe()
    assert (elsewhere / "kept").exists()


def test_a_path_too_long_for_a_socket_is_refused(tmp_path):
    with pytest.raises(DataDirError, match="too long"):
        Paths(tmp_path / ("x" * LENGTH_MAX)).create()


def test_the_default_data_dir_leaves_room_for_sockets():
    assert len(str(default_data_dir())) < LENGTH_MAX


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / MARKER).touch()
    os.chown(tmp_path / "data", 1000, 1000)
    with pytest.raises(DataDirError, match="another user"):
        Paths(tmp_path / "data").create()


def test_a_private_file_is_readable_by_its_owner_alone(tmp_path):
    write_private(tmp_path / "secret", "x")
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secret"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only under root do the servers run as another account")
def test_a_folder_that_others_cannot_reach_is_refused_under_root(tmp_path):
    (tmp_path / "private").mkdir(mode=0o700)
    with pytest.raises(DataDirError, match="cannot enter"):
        Paths(tmp_path / "private" / "data").check_reachable()
