"""The house rules that imports can't show: shape, names, sizes, purity."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SERVICES = ROOT / "services"
SHARED = {"kernel", "kit"}
LINES_MAX = 400
KERNEL_MODULES_MAX = 8
# Raised from 12 by ADR 0004.
KIT_MODULES_MAX = 14
DRAWERS = {"utils", "util", "helpers", "common", "base", "misc", "tools"}
BUSINESS_WORDS = re.compile(r"(^|_)(orders?|positions?|margins?|accounts?)(_|$)", re.IGNORECASE)
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")


def services() -> list[Path]:
    return sorted(p for p in SERVICES.iterdir() if (p / "__init__.py").exists() and p.name not in SHARED)


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py") if "gen" not in path.parts)


def identifiers(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr


def names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("service", services(), ids=lambda p: p.name)
def test_a_service_has_its_card_its_main_and_its_config(service: Path) -> None:
    for name in ("__init__.py", "__main__.py", "main.py", "config.py", "api.py"):
        assert (service / name).exists(), f"{service.name} lacks {name}"
    card = ast.get_docstring(ast.parse((service / "__init__.py").read_text(encoding="utf-8"))) or ""
    for word in ("owns", "calls", "emits", "promises"):
        assert word in card.lower(), f"the card of {service.name} does not say what it {word}"


@pytest.mark.parametrize("service", services(), ids=lambda p: p.name)
def test_a_services_entry_point_is_three_lines(service: Path) -> None:
    lines = [line for line in (service / "__main__.py").read_text().splitlines() if line.strip()]
    code = [line for line in lines if not line.startswith('"""')]
    assert len(code) == 3


def test_the_import_contracts_name_every_service() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = {c["name"]: c for c in config["tool"]["importlinter"]["contracts"]}
    expected = sorted(f"services.{path.name}" for path in services())
    assert contracts["Layers inside every service"]["containers"] == expected
    assert contracts["Services never import each other"]["modules"] == expected


def test_no_file_is_longer_than_one_subject() -> None:
    long = [p for p in sources("services", "local", "cli", "simulators", "mesh") if _lines(p) > LINES_MAX]
    assert names(long) == []


def test_no_module_is_a_drawer() -> None:
    drawers = [p for p in sources("services", "local", "cli", "simulators", "mesh") if p.stem in DRAWERS]
    assert names(drawers) == []


def test_nothing_is_left_for_later() -> None:
    unfinished = [
        p
        for p in sources("services", "local", "cli", "simulators", "mesh")
        if UNFINISHED.search(p.read_text(encoding="utf-8"))
    ]
    assert names(unfinished) == []


def test_kernel_and_kit_stay_small() -> None:
    assert len(_modules(SERVICES / "kernel")) <= KERNEL_MODULES_MAX
    assert len(_modules(SERVICES / "kit")) <= KIT_MODULES_MAX


def test_the_kit_knows_no_business_word() -> None:
    found = {
        f"{path.name}: {name}"
        for path in sources("services/kit")
        for name in identifiers(path)
        if BUSINESS_WORDS.search(name)
    }
    assert found == set()


def test_domain_code_has_no_float_and_does_not_wait() -> None:
    pure = [p for p in sources("services") if "domain" in p.parts or "kernel" in p.parts]
    clocks = {SERVICES / "kernel" / "clock.py"}
    found = []
    for path in set(pure) - clocks:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.AsyncFunctionDef | ast.Await):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} waits")
            if isinstance(node, ast.Constant) and isinstance(node.value, float):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} has a float")
            if isinstance(node, ast.Name) and node.id == "float":
                found.append(f"{path.relative_to(ROOT)}:{node.lineno} names float")
    assert sorted(found) == []


@pytest.mark.parametrize(
    "module", [p for p in sources("services") if p.parent.name == "domain" and p.stem != "__init__"], ids=str
)
def test_a_domain_module_has_its_tests(module: Path) -> None:
    service = module.parents[1].name
    mentioned = [
        test
        for test in (ROOT / "tests" / "unit" / service).glob("test_*.py")
        if f"services.{service}.domain.{module.stem}" in test.read_text(encoding="utf-8")
        or re.search(rf"services\.{service}\.domain import .*\b{module.stem}\b", test.read_text(encoding="utf-8"))
    ]
    assert mentioned, f"no test of tests/unit/{service} imports {module.stem}"


def test_the_lock_names_no_host() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        assert not re.search(r"https?://", lock.read_text(encoding="utf-8")), lock.name


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def _modules(folder: Path) -> list[str]:
    files = {p.stem for p in folder.glob("*.py") if p.stem != "__init__"}
    packages = {p.name for p in folder.iterdir() if (p / "__init__.py").exists()}
    return sorted(files | packages)
