"""`down` in the middle of trading: no acknowledged order is lost, and the next start goes on from there."""

from local.state import Condition
from tests.integration.system.running import RunningSystem
from tests.integration.system.traffic import Traffic


def test_down_loses_no_acknowledged_order_and_the_data_survives(system: RunningSystem) -> None:
    with Traffic(system) as traffic:
        traffic.until_filled()
        said = system.down()
        traffic.stop(give_up=True)
    assert "oms stopped" in said
    assert "the data stays" in said
    assert "nothing runs here" in system.tradeloom("down")
    system.tradeloom("status", code=4)
    system.tradeloom("demo", "--gateway", system.gateway, code=4)
    system.up()
    assert {part.condition for part in system.state().components} == {Condition.READY}
    # An order that got no answer may have been carried out or not; those that got one must be there.
    traffic.assert_kept(all_answered=False)
    system.until_quoted_by_all()
    with Traffic(system) as again:
        again.until_filled()
        again.stop()
    again.assert_kept()
