"""The REST door."""

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode, urlsplit

from cli.demo.reply import PATIENCE_S, Json, Reply, patiently, refusal

_TIMEOUT_S = 10.0


class RestClient:
    """One keep-alive connection to the gateway, made anew when it breaks. For one thread."""

    def __init__(self, gateway: str, patience_s: float = PATIENCE_S) -> None:
        self._address = urlsplit(gateway)
        self._patience_s = patience_s
        self._connection: http.client.HTTPConnection | None = None
        self.token = ""

    def get(self, path: str, **query: Any) -> Reply:
        """Reads, asking again while the system is not there."""
        target = f"{path}?{urlencode(query, doseq=True)}" if query else path
        return patiently(lambda: self.send("GET", target), self._patience_s)

    def post(self, path: str, body: Json) -> Reply:
        """Posts, asking again while the outcome is unknown: every method of the API is idempotent."""
        return patiently(lambda: self.send("POST", path, json.dumps(body).encode()), self._patience_s)

    def send(self, method: str, path: str, body: bytes | None = None, token: str | None = None) -> Reply:
        """Makes the call once. No connection, or a broken one, is `UNAVAILABLE`."""
        headers = {"content-type": "application/json"} if body is not None else {}
        bearer = self.token if token is None else token
        if bearer:
            headers["authorization"] = f"Bearer {bearer}"
        started = time.perf_counter()
        try:
            status, text = self._exchange(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            return Reply("UNAVAILABLE", "NO_CONNECTION", f"{type(error).__name__}: {error}")
        return _reply(status, text, (time.perf_counter() - started) * 1000)

    def close(self) -> None:
        """Closes the connection; the next call makes a new one."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _exchange(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = connect(self._address.hostname or "", self._address.port)
        self._connection.request(method, path, body=body, headers=headers)
        response = self._connection.getresponse()
        return response.status, response.read()


def connect(host: str, port: int | None) -> http.client.HTTPConnection:
    """A connection that is not made yet."""
    return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)


def _reply(status: int, text: bytes, ms: float) -> Reply:
    try:
        body = json.loads(text) if text else {}
    except ValueError:
        body = {}
    if 200 <= status < 300:
        return Reply("OK", body=body, ms=ms, http_status=status)
    if "code" in body:
        return refusal(body, ms, status)
    code = "UNAVAILABLE" if status in (502, 503, 504) else "UNKNOWN"
    return Reply(code, f"HTTP_{status}", text[:200].decode(errors="replace"), ms=ms, http_status=status)
