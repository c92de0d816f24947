"""The charts, rendered by Helm's own engine."""

import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml
from helm_python.chart import Chart

ROOT = Path(__file__).parents[2]
SERVICE_CHART = ROOT / "charts" / "broker-service"
UMBRELLA = ROOT / "charts" / "broker"
NAMESPACE = "trading"
TAG = "0.1.0"

Object = dict[str, Any]


def objects(manifests: dict[str, str]) -> list[Object]:
    """The objects of rendered templates."""
    return [item for text in manifests.values() for item in yaml.safe_load_all(text) if item]


def render_service(**values: object) -> list[Object]:
    """The generic chart alone."""
    with Chart.load(SERVICE_CHART) as chart:
        return objects(chart.render({"image": {"tag": TAG}, **values}, name="broker", namespace=NAMESPACE))


@cache
def service_values() -> dict[str, Object]:
    """What each service's file says, by service folder."""
    found = {}
    for path in sorted((UMBRELLA / "values").glob("*.yaml")):
        ((alias, values),) = yaml.safe_load(path.read_text()).items()
        assert alias == path.stem.replace("_", "-")
        found[path.stem] = values
    return found


def render_umbrella(tag: str = TAG, **changed: object) -> list[Object]:
    """The whole engine, as `helm dependency build` and `helm template -f values/*.yaml` give it."""
    values = {service.replace("_", "-"): own for service, own in service_values().items()}
    with TemporaryDirectory() as folder:
        whole = Path(folder) / "broker"
        shutil.copytree(UMBRELLA, whole)
        shutil.copytree(SERVICE_CHART, whole / "charts" / "broker-service")
        with Chart.load(whole) as chart:
            merged = {"global": {"image": {"tag": tag}}, **values, **changed}
            return objects(chart.render(merged, name="broker", namespace=NAMESPACE))


@cache
def engine() -> list[Object]:
    """The whole engine with the values as they stand."""
    return render_umbrella()


def one(kind: str, service: str) -> Object:
    """The object of a kind that belongs to a service."""
    name = service.replace("_", "-")
    (found,) = [item for item in engine() if item["kind"] == kind and item["metadata"]["name"] == name]
    return found


def workload(service: str) -> Object:
    """Its Deployment or StatefulSet."""
    return one("StatefulSet" if service_values()[service].get("stateful") else "Deployment", service)


def pod(service: str) -> Object:
    """What its pods are."""
    return workload(service)["spec"]["template"]["spec"]  # type: ignore[no-any-return]


def container(service: str) -> Object:
    """The container that serves."""
    (found,) = pod(service)["containers"]
    return found  # type: ignore[no-any-return]
