import socket

from local.ports import Ports


def test_no_two_things_share_a_port():
    ports = Ports(7400)
    assert len(ports.all()) == 3 + 9 + 9 + 3


def test_the_ports_follow_the_base():
    assert (Ports(8400).gateway, Ports(8400).service("oms"), Ports(8400).metrics("oms")) == (8400, 8416, 8456)


def test_a_port_that_somebody_listens_on_is_taken():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port in Ports(port).taken()
