import pytest

from local.component import Component, stop_order
from local.components import CALLS
from local.ports import SERVICES


def component(name: str, *, needs: tuple[str, ...] = (), uses: tuple[str, ...] = ()) -> Component:
    async def ready() -> None: ...

    return Component(name=name, address="", command=("true",), ready=ready, needs=needs, uses=uses)


def test_callers_stop_before_what_they_call():
    parts = [component("db"), component("oms", needs=("db",), uses=("router",)), component("router", needs=("db",))]
    assert stop_order(parts) == [["oms"], ["router"], ["db"]]


def test_components_that_need_one_another_are_refused():
    parts = [component("a", needs=("b",)), component("b", uses=("a",))]
    with pytest.raises(ValueError, match=r"\['a', 'b'\]"):
        stop_order(parts)


def test_what_is_called_but_not_there_does_not_matter():
    assert stop_order([component("oms", uses=("elsewhere",))]) == [["oms"]]


def test_every_service_says_whom_it_calls():
    assert set(CALLS) == set(SERVICES)
