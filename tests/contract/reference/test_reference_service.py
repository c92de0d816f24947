"""The promises of `tradeloom.reference.v1.ReferenceService`, on the wire."""

from dataclasses import replace
from decimal import Decimal

import pytest
from tradeloom.client.v1 import market_pb2
from tradeloom.reference.v1 import reference_service_pb2 as pb
from tradeloom.reference.v1 import reference_service_pb2_grpc as rpc

from services.kernel.errors import EngineError, Kind
from services.kernel.instrument import Instrument, MarginMode
from services.kernel.money import Quantity
from services.kit.channel import channel
from services.reference.api import ReferenceService
from services.reference.domain.catalogue import AssetClass, Group, ListedInstrument
from services.reference.handlers import Catalogue
from tests.fakes.wire import serving

EURUSD = Instrument(
    symbol="EURUSD",
    base_currency="EUR",
    quote_currency="USD",
    digits=5,
    contract_size=Decimal("100000"),
    min_quantity=Quantity(Decimal("0.01")),
    max_quantity=Quantity(Decimal("1E+2")),
    quantity_step=Quantity(Decimal("0.01")),
    margin_mode=MarginMode.FOREX,
    margin_rate=Decimal("0.0333"),
    quote_age_ms_max=5000,
    tradable=True,
    version=3,
)


class MemoryCatalogueStore:
    """A catalogue of as many instruments as asked for."""

    def __init__(self, symbols):
        self.listed = [
            ListedInstrument(replace(EURUSD, symbol=symbol), f"about {symbol}", AssetClass.FOREX)
            for symbol in sorted(symbols)
        ]

    async def instruments(self, after, limit):
        return [item for item in self.listed if item.instrument.symbol > after][:limit]

    async def groups(self):
        return [Group("pro", "Professionals", 100, 1), Group("standard", "Retail", 30, 2)]


@pytest.fixture
async def store():
    return MemoryCatalogueStore(["AUDUSD", "EURUSD", "GBPUSD", "USDCAD", "USDJPY"])


@pytest.fixture
async def stub(tmp_path, store):
    service = ReferenceService(Catalogue(store))
    async with serving(tmp_path / "s", service.register) as address, channel(address) as made:
        yield rpc.ReferenceServiceStub(made)


async def refused(call):
    with pytest.raises(EngineError) as caught:
        await call
    return caught.value.kind, caught.value.reason


async def test_list_instruments_gives_every_setting_as_the_contract_writes_it(stub):
    response = await stub.ListInstruments(pb.ListInstrumentsRequest())
    settings = response.instruments[1]
    assert settings == pb.InstrumentSettings(
        instrument=market_pb2.Instrument(
            symbol="EURUSD",
            description="about EURUSD",
            asset_class=market_pb2.ASSET_CLASS_FOREX,
            base_currency="EUR",
            quote_currency="USD",
            digits=5,
            contract_size="100000",
            min_quantity="0.01",
            max_quantity="100",
            quantity_step="0.01",
            margin_rate="0.0333",
            tradable=True,
        ),
        quote_age_ms_max=5000,
        margin_mode=pb.MARGIN_MODE_FOREX,
        version=3,
    )
    assert len(response.instruments) == 5
    assert response.next_cursor == ""


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_list_instruments_page_by_page_gives_each_once(stub, limit):
    symbols, cursor = [], ""
    while True:
        page = await stub.ListInstruments(pb.ListInstrumentsRequest(limit=limit, cursor=cursor))
        symbols += [settings.instrument.symbol for settings in page.instruments]
        assert len(page.instruments) <= limit
        cursor = page.next_cursor
        if not cursor:
            break
    assert symbols == ["AUDUSD", "EURUSD", "GBPUSD", "USDCAD", "USDJPY"]


async def test_list_instruments_when_one_is_added_between_pages_then_none_is_skipped_or_doubled(stub, store):
    first = await stub.ListInstruments(pb.ListInstrumentsRequest(limit=2))
    store.listed.insert(0, replace(store.listed[0], instrument=replace(EURUSD, symbol="AUDNZD")))
    rest = await stub.ListInstruments(pb.ListInstrumentsRequest(cursor=first.next_cursor))
    assert [s.instrument.symbol for s in rest.instruments] == ["GBPUSD", "USDCAD", "USDJPY"]


async def test_list_instruments_with_a_made_up_cursor_is_refused(stub):
    call = stub.ListInstruments(pb.ListInstrumentsRequest(cursor="page-2"))
    assert await refused(call) == (Kind.INVALID, "CURSOR_INVALID")


@pytest.mark.parametrize("limit", [-1, 1001])
async def test_list_instruments_with_a_limit_out_of_range_is_refused(stub, limit):
    call = stub.ListInstruments(pb.ListInstrumentsRequest(limit=limit))
    assert await refused(call) == (Kind.INVALID, "FIELD_INVALID")


async def test_list_groups_gives_all_by_name(stub):
    response = await stub.ListGroups(pb.ListGroupsRequest())
    assert list(response.groups) == [
        pb.Group(name="pro", description="Professionals", max_leverage=100, version=1),
        pb.Group(name="standard", description="Retail", max_leverage=30, version=2),
    ]


async def test_when_the_store_is_away_then_unavailable_with_its_reason(stub, store):
    async def away(*_):
        raise EngineError(Kind.UNAVAILABLE, "STORE_UNAVAILABLE", "the catalogue can't be read at the moment")

    store.groups = store.instruments = away
    assert await refused(stub.ListGroups(pb.ListGroupsRequest())) == (Kind.UNAVAILABLE, "STORE_UNAVAILABLE")
    call = stub.ListInstruments(pb.ListInstrumentsRequest())
    assert await refused(call) == (Kind.UNAVAILABLE, "STORE_UNAVAILABLE")
