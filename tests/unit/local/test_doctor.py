import socket

from local import doctor
from local.doctor import Verdict, examine
from local.paths import LENGTH_MAX, Paths
from local.ports import Ports


def found(paths: Paths, ports: Ports, **options) -> dict[str, doctor.Finding]:
    return {finding.check: finding for finding in examine(paths, ports, **{"is_running": False, **options})}


def test_whatever_blocks_has_a_remedy(tmp_path):
    for finding in found(Paths(tmp_path / ("x" * LENGTH_MAX)), Ports(7400)).values():
        assert finding.verdict is Verdict.OK or finding.remedy


def test_a_taken_port_blocks_unless_it_is_our_own(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        ports = Ports(server.getsockname()[1])
        assert found(Paths(tmp_path), ports)["ports"].verdict is Verdict.BLOCKS
        assert found(Paths(tmp_path), ports, is_running=True)["ports"].verdict is Verdict.OK


def test_a_path_too_long_for_a_socket_blocks(tmp_path):
    assert found(Paths(tmp_path / ("x" * LENGTH_MAX)), Ports(7400))["data dir"].verdict is Verdict.BLOCKS


def test_a_full_disk_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor, "DISK_FREE", 1 << 62)
    assert found(Paths(tmp_path), Ports(7400))["disk"].verdict is Verdict.BLOCKS


def test_a_missing_compiler_does_not_block_once_quickfix_is_installed(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.quickfix_wheel.shutil, "which", lambda _name: None)
    monkeypatch.delenv("CXX", raising=False)
    finding = found(Paths(tmp_path), Ports(7400))["C++ compiler"]
    assert finding.verdict is Verdict.WARNING
    assert "apt-get install" in finding.remedy


def test_another_c_library_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr(doctor.platform, "libc_ver", lambda: ("", ""))
    assert found(Paths(tmp_path), Ports(7400))["glibc"].verdict is Verdict.BLOCKS
