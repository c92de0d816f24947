"""The users that a local system starts with. Their passwords are public: such a system listens on 127.0.0.1 only."""

from dataclasses import dataclass

TENANT, GROUP = "demo", "standard"
PREFIX = "018f4a00-0000-7000-8000-"


@dataclass(frozen=True)
class DemoAccount:
    """One account with its first deposit; `mode` is hedging or netting."""

    account_id: str
    number: str
    currency: str
    mode: str
    deposit: str


@dataclass(frozen=True)
class DemoUser:
    """One trader with accounts."""

    user_id: str
    username: str
    password: str
    accounts: tuple[DemoAccount, ...]


USERS = (
    DemoUser(
        PREFIX + "000000000001",
        "trader1@demo.tradeloom.example",
        "demo-trader-1",
        (
            DemoAccount(PREFIX + "000000001001", "D-1001", "USD", "hedging", "100000.00"),
            DemoAccount(PREFIX + "000000001002", "D-1002", "EUR", "netting", "50000.00"),
        ),
    ),
    DemoUser(
        PREFIX + "000000000002",
        "trader2@demo.tradeloom.example",
        "demo-trader-2",
        (DemoAccount(PREFIX + "000000002001", "D-2001", "USD", "netting", "10000.00"),),
    ),
)
