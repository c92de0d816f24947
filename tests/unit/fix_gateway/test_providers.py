"""The providers file, and what follows from it."""

from decimal import Decimal

import pytest

from services.fix_gateway.domain.provider import Provider, SessionKey, SessionKind
from services.fix_gateway.providers import read_providers
from services.fix_gateway.settings import settings_text
from services.kit.config import ConfigError

ALPHA = """
[[provider]]
name = "alpha"
host = "127.0.0.1"
port = 7430
sender_comp_id = "TRADELOOM"
target_comp_id = "ALPHA"
"""


def read(tmp_path, text):
    path = tmp_path / "providers.toml"
    path.write_text(text)
    return read_providers(path)


def test_short_entry_has_both_sessions(tmp_path):
    (alpha,) = read(tmp_path, ALPHA)
    assert (alpha.name, alpha.port, alpha.target_comp_id) == ("alpha", 7430, "ALPHA")
    assert alpha.sub_ids == {SessionKind.QUOTE: "QUOTE", SessionKind.TRADE: "TRADE"}
    assert alpha.sessions() == [SessionKey("alpha", SessionKind.QUOTE), SessionKey("alpha", SessionKind.TRADE)]


def test_dialect_and_password_are_read(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    (alpha,) = read(
        tmp_path,
        ALPHA
        + """
        sessions = ["quote"]
        quote_sub_id = "Q"
        username = "me"
        password_file = "secret"
        exclude = ["US500"]
        [provider.symbols.XAUUSD]
        name = "GOLD"
        quantity_multiplier = "100"
        """,
    )
    assert alpha.sub_ids == {SessionKind.QUOTE: "Q"}
    assert (alpha.username, alpha.password) == ("me", "s3cret")
    assert "s3cret" not in repr(alpha)
    listings = alpha.listings([("XAUUSD", 2, Decimal(100)), ("US500", 1, Decimal(1)), ("EURUSD", 5, Decimal(100_000))])
    assert {symbol: listing.provider_symbol for symbol, listing in listings.items()} == {
        "XAUUSD": "GOLD",
        "EURUSD": "EURUSD",
    }
    assert listings["XAUUSD"].scale.quantity(b"3") == 300


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("not toml", "providers.toml"),
        ("other = 1", "provider"),
        (ALPHA + ALPHA, "alpha stands there twice"),
        (ALPHA.replace("7430", "0"), "port must be"),
        (ALPHA.replace("7430", "true"), "port must be"),
        (ALPHA.replace('host = "127.0.0.1"\n', ""), "provider alpha: host is missing"),
        (ALPHA.replace('"alpha"', '"Al pha"'), "lower-case"),
        (ALPHA.replace('"ALPHA"', '"AL\\u0001PHA"'), "target_comp_id must be a text"),
        (ALPHA.replace('"ALPHA"', '"A=B"'), "target_comp_id must be a text"),
        (ALPHA + "colour = 3", "unknown key colour"),
        (ALPHA + 'sessions = ["drop copy"]', "sessions must"),
        (ALPHA + "sessions = []", "sessions must"),
        (ALPHA + "reset_on_logon = 1", "reset_on_logon must be true or false"),
        (ALPHA + 'password_file = "nowhere"', "nowhere"),
        (ALPHA + '[provider.symbols.EURUSD]\nprice_multiplier = "0"', "above 0"),
        (ALPHA + '[provider.symbols.EURUSD]\nprice_multiplier = "x"', "alpha"),
        (ALPHA + "[provider.symbols.EURUSD]\nfactor = 1", "unknown key factor"),
    ],
)
def test_bad_file_says_what_is_wrong(tmp_path, text, reason):
    with pytest.raises(ConfigError, match=reason):
        read(tmp_path, text)


def test_missing_file_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="No such file"):
        read_providers(tmp_path / "nothing.toml")


def provider(name, *kinds, **more):
    return Provider(
        name=name,
        host="h",
        port=1,
        sender_comp_id="TRADELOOM",
        target_comp_id=name.upper(),
        sub_ids=dict.fromkeys(kinds, "S"),
        **more,
    )


def test_settings_have_a_section_for_each_session_of_their_kind(tmp_path):
    both = provider("alpha", SessionKind.QUOTE, SessionKind.TRADE)
    quotes = provider("bravo", SessionKind.QUOTE, reset_on_logon=True)
    text = settings_text([both, quotes], SessionKind.QUOTE, tmp_path, tmp_path / "FIX44.xml")
    assert text.count("[SESSION]") == 2
    assert "ResetOnLogon=N" in text.partition("TargetCompID=BRAVO")[0]
    assert "ResetOnLogon=Y" in text.partition("TargetCompID=BRAVO")[2]
    assert settings_text([both, quotes], SessionKind.TRADE, tmp_path, tmp_path).count("[SESSION]") == 1


def test_settings_keep_what_must_not_be_lost(tmp_path):
    text = settings_text([provider("alpha", SessionKind.TRADE)], SessionKind.TRADE, tmp_path, tmp_path)
    for line in (
        "PersistMessages=Y",
        "ResetOnLogout=N",
        "ResetOnDisconnect=N",
        "CheckLatency=Y",
        "UseDataDictionary=Y",
    ):
        assert line in text.splitlines()
