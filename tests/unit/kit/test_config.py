"""Configuration: the environment as one frozen dataclass, or one clear sentence."""

from dataclasses import FrozenInstanceError, dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from services.kit.config import ConfigError, ServiceConfig, load


@dataclass(frozen=True, kw_only=True)
class DemoConfig(ServiceConfig):
    folder: Path
    count: int = 3
    ratio: Decimal = Decimal("0.5")
    loud: bool = False
    names: tuple[str, ...] = ()


NEEDED = {"DEMO_ADDRESS": "127.0.0.1:0", "DEMO_FOLDER": "/tmp/x"}


def test_what_is_not_set_has_its_default():
    config = load(DemoConfig, "demo", NEEDED)
    assert (config.address, config.folder, config.count, config.grace_s) == ("127.0.0.1:0", Path("/tmp/x"), 3, 5.0)


def test_every_type_is_read_from_text():
    config = load(
        DemoConfig,
        "demo",
        NEEDED
        | {
            "DEMO_COUNT": "7",
            "DEMO_RATIO": "0.10",
            "DEMO_LOUD": "Yes",
            "DEMO_NAMES": "alpha, bravo,,charlie",
            "DEMO_DRAIN_S": "0.25",
        },
    )
    assert (config.count, config.ratio, config.loud, config.drain_s) == (7, Decimal("0.10"), True, 0.25)
    assert config.names == ("alpha", "bravo", "charlie")


def test_a_configuration_does_not_change():
    config = load(DemoConfig, "demo", NEEDED)
    with pytest.raises(FrozenInstanceError):
        config.count = 4


def test_variables_of_others_are_not_looked_at():
    assert load(DemoConfig, "demo", NEEDED | {"DEMOCRACY": "x", "OTHER_COUNT": "x"}).count == 3


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"DEMO_ADDRESS": "x"}, "variable DEMO_FOLDER is missing"),
        (NEEDED | {"DEMO_COUNTS": "1"}, "unknown variable DEMO_COUNTS; known are DEMO_ADDRESS, "),
        (NEEDED | {"DEMO_COUNT": "many"}, "variable DEMO_COUNT must be of type int, was 'many'"),
        (NEEDED | {"DEMO_RATIO": "half"}, "variable DEMO_RATIO must be of type Decimal, was 'half'"),
        (NEEDED | {"DEMO_LOUD": "perhaps"}, "variable DEMO_LOUD must be of type bool, was 'perhaps'"),
        (NEEDED | {"DEMO_GRACE_S": ""}, "variable DEMO_GRACE_S must be of type float, was ''"),
    ],
)
def test_what_cannot_be_used_is_refused_with_one_sentence_that_names_the_variable(environ, sentence):
    with pytest.raises(ConfigError) as caught:
        load(DemoConfig, "demo", environ)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
