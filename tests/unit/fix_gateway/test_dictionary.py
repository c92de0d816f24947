"""The dictionary keeps our messages whole."""

import pytest
import quickfix as fix

from services.fix_gateway import dictionary
from services.fix_gateway.dictionary import installed_dictionary, write_dictionary
from services.kit.config import ConfigError


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    return fix.DataDictionary(str(write_dictionary(tmp_path_factory.mktemp("fix"))))


def test_quickfix_brings_its_dictionary():
    assert installed_dictionary().name == "FIX44.xml"


def test_full_refresh_with_entry_ids_comes_out_as_it_went_in(written, snapshot):
    raw = snapshot("EURUSD", "r1", ("b1", 0, "1.08", 1), ("a1", 1, "1.09", 2)).decode()
    message = fix.Message(raw, written, True)
    written.validate(message)
    assert "268=2|269=0|" in (text := message.toString().replace("\x01", "|"))
    assert text.count("278=") == 2
    assert text.index("278=b1") < text.index("269=1") < text.index("278=a1")


def test_incremental_refresh_keeps_its_entries_apart(written, increment):
    raw = increment((1, 0, "b1", "EURUSD", "1.08", 1), (2, 1, "a1", "GBPUSD", "", "")).decode()
    assert fix.Message(raw, written, True).toString() == raw


def test_missing_dictionary_is_a_config_error(monkeypatch):
    monkeypatch.setattr(dictionary.sys, "prefix", "/nowhere")
    monkeypatch.setattr(dictionary.metadata, "files", lambda name: None)
    with pytest.raises(ConfigError, match="not installed"):
        installed_dictionary()
