"""`tradeloom demo`: trades as a client would, over the public doors only, and recomputes every figure it is told.

Owns nothing; calls REST, gRPC, gRPC-Web and the WebSocket of a running system; promises to exit 0 only when all was
right, 1 with what exactly was wrong, 4 when the system does not answer.
"""

from cli.demo.command import demo

__all__ = ["demo"]
