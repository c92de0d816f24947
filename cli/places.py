"""Where a system is reached and who may log in: for people and for scripts."""

from local.demo_users import USERS
from local.ports import HOST, Ports


def urls(ports: Ports) -> dict[str, str]:
    """Return every door of the system, by name."""
    return {
        "rest": f"http://{HOST}:{ports.gateway}",
        "grpc": f"{HOST}:{ports.gateway}",
        "websocket": f"ws://{HOST}:{ports.websocket}/v1/stream",
        "envoy_admin": f"http://{HOST}:{ports.envoy_admin}",
    }


def logins() -> list[dict[str, str]]:
    """Return the demo users."""
    return [
        {
            "username": user.username,
            "password": user.password,
            "accounts": ", ".join(f"{a.number} {a.currency} {a.mode}" for a in user.accounts),
        }
        for user in USERS
    ]


def summary(ports: Ports) -> list[str]:
    """Return the lines that a person reads after a start."""
    doors = urls(ports)
    lines = [
        f"  REST, gRPC-Web   {doors['rest']}",
        f"  gRPC             {doors['grpc']}",
        f"  WebSocket        {doors['websocket']}",
        "",
        "  demo logins",
    ]
    lines += [f"    {login['username']}  {login['password']}  ({login['accounts']})" for login in logins()]
    return lines
