"""What is written of messages that can't be used."""

from services.fix_gateway.domain.provider import SessionKey, SessionKind
from services.fix_gateway.quarantine import LogQuarantine, redacted

QUOTE = SessionKey("alpha", SessionKind.QUOTE)
BRAVO = SessionKey("bravo", SessionKind.QUOTE)


def test_secrets_are_not_written():
    raw = "8=FIX.4.4\x0135=A\x01553=me\x01554=s3cret\x01925=new\x0196=data\x0110=000\x01"
    assert redacted(raw) == "8=FIX.4.4|35=A|553=***|554=***|925=***|96=***|10=000|"


def test_odd_bytes_and_long_messages_are_readable():
    assert redacted("a\udcffb") == "a\\udcffb"
    assert len(redacted("x" * 10_000)) == 501


def test_flood_of_one_session_is_cut_and_counted_and_the_other_still_heard():
    lines = []
    now = [100.0]
    quarantine = LogQuarantine(lambda: now[0], lambda text, **fields: lines.append(fields))
    for _ in range(50):
        quarantine.put(QUOTE, "bad_price", "raw")
    quarantine.put(BRAVO, "bad_price", "raw")
    assert [line["provider"] for line in lines] == ["alpha"] * 5 + ["bravo"]
    now[0] = 101.0
    quarantine.put(QUOTE, "bad_price", "raw")
    assert lines[-1]["silenced_count"] == 45
    assert lines[-1]["session"] == "quote"
