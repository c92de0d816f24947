"""One system for all tests of this folder. It is stopped when the last of them is done: it would slow down the rest."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.system.running import RunningSystem, free_base

FOLDER = Path(__file__).parent


class Shared:
    """The system, from the first test that needs it to the last."""

    def __init__(self) -> None:
        self.system: RunningSystem | None = None
        self._failure: BaseException | None = None
        self._data_dir = Path()

    def start(self) -> RunningSystem:
        """Starts it, or gives the one that runs."""
        if self._failure is not None:
            pytest.fail(f"the system did not start: {self._failure}")
        if self.system is None:
            # A short path: those of unix sockets are limited.
            self._data_dir = Path(tempfile.mkdtemp(prefix="tl-sys-", dir="/tmp"))
            made = RunningSystem(self._data_dir, free_base())
            try:
                made.up()
            except BaseException as failure:
                self._failure = failure
                made.tradeloom("down")
                raise
            self.system = made
        return self.system

    def stop(self, *, keep_data: bool) -> None:
        """Stops it; `down` fails when a process is left."""
        made, self.system = self.system, None
        if made is None:
            return
        if keep_data:
            warnings.warn(f"the logs of the system are in {self._data_dir}/logs", stacklevel=1)
        made.down()
        if not keep_data:
            shutil.rmtree(self._data_dir)


_shared = Shared()


@pytest.fixture
def system() -> RunningSystem:
    """The running system, with every component ready and every price there."""
    made = _shared.start()
    made.until_quoted_by_all()
    return made


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Iterator[None]:
    """Stops the system after the folder's last test, as a part of it: what goes wrong then is seen."""
    try:
        return (yield)
    finally:
        if nextitem is None or FOLDER not in nextitem.path.parents:
            _shared.stop(keep_data=item.session.testsfailed > 0)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Stops it also when the run was cut short."""
    _shared.stop(keep_data=session.testsfailed > 0)
