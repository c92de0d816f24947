import io

from local.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def component(condition: str, **rest) -> dict:
    return {"name": "oms", "condition": condition, "start_s": 1.2, "address": "a:1", "log": "oms.log", **rest}


def test_without_a_terminal_there_is_one_plain_line_for_each_component():
    out = io.StringIO()
    progress = Progress(out)
    for condition in ("starting", "ready", "ready"):
        progress.component(component(condition))
    assert out.getvalue() == "✔ oms            1.2 s  a:1\n"


def test_no_color_is_respected_on_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    Progress(out).component(component("ready"))
    assert "\x1b" not in out.getvalue()


def test_a_terminal_shows_who_is_awaited(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    out = Terminal()
    Progress(out).component(component("starting"))
    assert "… oms" in out.getvalue()


def test_a_failure_shows_the_last_lines_the_log_and_what_to_try():
    out = io.StringIO()
    Progress(out).failed({"error": "oms ended", "last_lines": ["no such table"], "log": "/x/oms.log"})
    assert out.getvalue() == "✘ oms ended\n    no such table\n  log: /x/oms.log\n  try: tradeloom doctor\n"
