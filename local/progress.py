"""Shows a start and a stop line by line: plain text anywhere, colours and a moving last line on a terminal."""

import os
import shutil
import sys
from dataclasses import dataclass, field
from typing import Any, TextIO

GREEN, RED, YELLOW, DIM, RESET = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[0m"


@dataclass
class Progress:
    """Prints each component once it is ready, and on a terminal who is awaited."""

    out: TextIO = field(default_factory=lambda: sys.stdout)
    waiting: dict[str, str] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)

    @property
    def colours(self) -> bool:
        """Say whether this is a terminal whose user wants colours."""
        return self.out.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    def paint(self, text: str, colour: str) -> str:
        """Colour a text where colours are wanted."""
        return f"{colour}{text}{RESET}" if self.colours else text

    def line(self, text: str) -> None:
        """Print one line that stays."""
        self._erase()
        print(text, file=self.out, flush=True)

    def component(self, event: dict[str, Any]) -> None:
        """Take in a change of one component."""
        name, condition = event["name"], event["condition"]
        if condition == "ready" and name not in self.shown:
            self.shown.add(name)
            self.waiting.pop(name, None)
            self.done(name, event["start_s"], event["address"])
        elif condition == "restarting" and name in self.shown:
            self.line(f"{self.paint('!', YELLOW)} {name} ended and is started again; log: {event['log']}")
        elif condition in ("starting", "restarting") and name not in self.shown:
            self.waiting[name] = condition
        self._await()

    def done(self, name: str, seconds: float, detail: str = "") -> None:
        """Print one thing that is done."""
        self.line(f"{self.paint('✔', GREEN)} {name:<12} {seconds:5.1f} s  {self.paint(detail, DIM)}".rstrip())

    def failed(self, event: dict[str, Any]) -> None:
        """Print why it failed, the last lines of the log and what to try."""
        self.waiting.clear()
        self.line(f"{self.paint('✘', RED)} {event['error']}")
        for text in event.get("last_lines", []):
            self.line(f"    {text}")
        if event.get("log"):
            self.line(f"  log: {event['log']}")
        self.line("  try: tradeloom doctor")

    def _await(self) -> None:
        if self.colours and self.waiting:
            text = f"… {', '.join(self.waiting)}"[: shutil.get_terminal_size().columns - 1]
            self.out.write(f"\r\x1b[2K{DIM}{text}{RESET}")
            self.out.flush()

    def _erase(self) -> None:
        if self.colours:
            self.out.write("\r\x1b[2K")
