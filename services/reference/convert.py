"""Domain → protobuf."""

from tradeloom.client.v1 import market_pb2
from tradeloom.reference.v1 import reference_service_pb2 as pb

from services.kernel.money import text
from services.reference.domain.catalogue import Group, ListedInstrument, Page


def page_to_pb(page: Page) -> pb.ListInstrumentsResponse:
    """A page of instruments."""
    return pb.ListInstrumentsResponse(
        instruments=[instrument_to_pb(listed) for listed in page.instruments], next_cursor=page.next_cursor
    )


def instrument_to_pb(listed: ListedInstrument) -> pb.InstrumentSettings:
    """An instrument with its settings."""
    it = listed.instrument
    seen = market_pb2.Instrument(
        symbol=it.symbol,
        description=listed.description,
        asset_class=market_pb2.AssetClass.Name(listed.asset_class),
        base_currency=it.base_currency,
        quote_currency=it.quote_currency,
        digits=it.digits,
        contract_size=text(it.contract_size),
        min_quantity=text(it.min_quantity.value),
        max_quantity=text(it.max_quantity.value),
        quantity_step=text(it.quantity_step.value),
        margin_rate=text(it.margin_rate),
        tradable=it.tradable,
    )
    return pb.InstrumentSettings(
        instrument=seen,
        quote_age_ms_max=it.quote_age_ms_max,
        margin_mode=pb.MarginMode.Name(it.margin_mode),
        version=it.version,
    )


def group_to_pb(group: Group) -> pb.Group:
    """A group."""
    return pb.Group(
        name=group.name, description=group.description, max_leverage=group.max_leverage, version=group.version
    )
