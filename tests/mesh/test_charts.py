import asyncio
import importlib
import inspect
import json
import os
import sys
import tomllib
from typing import Any

import asyncpg
import helm_python
import kubernetes_validate
import pytest
import yaml
from helm_python.chart import lint

from services.kit.config import ServiceConfig, load
from tests.conftest import Database
from tests.mesh import charts, istio
from tests.mesh.charts import Object, container, engine, one, pod, render_service, render_umbrella, workload

KUBERNETES = "1.34"
SERVICES = sorted(charts.service_values())
PER_SERVICE = pytest.mark.parametrize("service", SERVICES)
STORED = [service for service in SERVICES if charts.service_values()[service].get("database")]


def ids(item: Object) -> str:
    return f"{item['kind']}-{item['metadata']['name']}"


@pytest.mark.parametrize("item", engine(), ids=ids)
def test_object_is_one_that_kubernetes_takes(item: Object) -> None:
    kubernetes_validate.validate(item, KUBERNETES, strict=True)
    assert item["metadata"]["namespace"] == charts.NAMESPACE


def test_validation_finds_a_field_that_kubernetes_does_not_know() -> None:
    item = json.loads(json.dumps(workload("oms")))
    item["spec"]["template"]["spec"]["containers"][0]["readynessProbe"] = {}
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_helm_finds_nothing_to_complain_about() -> None:
    found = lint(charts.SERVICE_CHART, values={"service": "oms", "image": {"tag": charts.TAG}})
    assert found["errors"] == []
    assert [message["error"] for message in found["messages"]] == ["icon is recommended"]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "service"),
        ({"service": "OMS"}, "service"),
        ({"service": "oms", "replica": 3}, "replica"),
        ({"service": "oms", "image": {"tag": ""}}, "say which build to run"),
        ({"service": "oms", "resources": {"requests": {"cpu": "1", "memory": "1Gi"}, "limits": {"cpu": "1"}}}, "cpu"),
        ({"service": "oms", "settings": {"lower": "x"}}, "lower"),
        ({"service": "oms", "settings": {"QUEUE_MAX": 1_000_000}}, "got number, want string"),
        ({"service": "fix_gateway", "stateful": True}, "storage.path is required"),
        (
            {"service": "fix_gateway", "stateful": True, "storage": {"path": "/x"}, "autoscaling": {"enabled": True}},
            "not scaled by its load",
        ),
    ],
)
def test_wrong_values_are_refused(values: dict[str, Any], error: str) -> None:
    with pytest.raises(helm_python.HelmError, match=error):
        render_service(**values)


@pytest.mark.parametrize("changed", [{"orm": {"service": "orm"}}, {"oms": {"servce": "oms"}}])
def test_typing_error_in_the_umbrella_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(helm_python.HelmError, match=r"orm|servce"):
        render_umbrella(**changed)


def test_umbrella_wants_a_build() -> None:
    with pytest.raises(helm_python.HelmError, match="say which build to run"):
        render_umbrella(tag="")


def test_umbrella_has_every_service_and_can_leave_one_out() -> None:
    accounts = {item["metadata"]["name"] for item in engine() if item["kind"] == "ServiceAccount"}
    assert accounts == {service.replace("_", "-") for service in SERVICES}
    without = render_umbrella(stream={"service": "stream", "enabled": False})
    assert "stream" not in {item["metadata"]["name"] for item in without}


@PER_SERVICE
def test_pods_are_locked_down(service: str) -> None:
    spec = pod(service)
    assert spec["serviceAccountName"] == one("ServiceAccount", service)["metadata"]["name"]
    assert spec["automountServiceAccountToken"] is False
    assert one("ServiceAccount", service)["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for item in [*spec.get("initContainers", []), *spec["containers"]]:
        assert item["securityContext"]["allowPrivilegeEscalation"] is False
        assert item["securityContext"]["readOnlyRootFilesystem"] is True
        assert item["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert item["image"] == f"tradeloom:{charts.TAG}"


@PER_SERVICE
def test_service_has_memory_limits_and_is_never_throttled(service: str) -> None:
    resources = container(service)["resources"]
    assert set(resources["limits"]) == {"memory"}
    assert set(resources["requests"]) == {"cpu", "memory"}


@PER_SERVICE
def test_probes_ask_the_health_service_on_a_port_that_exists(service: str) -> None:
    item = container(service)
    ports = {port["containerPort"]: port["name"] for port in item["ports"]}
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert ports[item[probe]["grpc"]["port"]] == "grpc"
    liveness, readiness = item["livenessProbe"], item["readinessProbe"]
    assert liveness["periodSeconds"] * liveness["failureThreshold"] > 3 * readiness["periodSeconds"]


@PER_SERVICE
def test_service_ports_lead_to_the_container(service: str) -> None:
    ports = {port["name"]: port for port in one("Service", service)["spec"]["ports"]}
    names = {port["name"]: port["containerPort"] for port in container(service)["ports"]}
    assert {name: port["targetPort"] for name, port in ports.items()} == {name: name for name in names}
    assert ports["grpc"]["appProtocol"] == "grpc"
    assert one("Service", service)["spec"]["selector"] == workload(service)["spec"]["selector"]["matchLabels"]


@PER_SERVICE
def test_disruption_takes_one_pod_at_a_time(service: str) -> None:
    budget = one("PodDisruptionBudget", service)["spec"]
    assert budget["maxUnavailable"] == 1
    assert budget["selector"] == workload(service)["spec"]["selector"]
    spread = [item["topologyKey"] for item in pod(service)["topologySpreadConstraints"]]
    assert spread == ["kubernetes.io/hostname", "topology.kubernetes.io/zone"]


@PER_SERVICE
def test_pod_has_time_to_drain(service: str) -> None:
    environment = {item["name"]: item.get("value") for item in container(service)["env"]}
    prefix = service.upper()
    stopping = float(environment[f"{prefix}_DRAIN_S"]) + float(environment[f"{prefix}_GRACE_S"])
    metadata = workload(service)["spec"]["template"]["metadata"]
    sidecar = json.loads(metadata["annotations"]["proxy.istio.io/config"])["terminationDrainDuration"]
    assert stopping <= float(sidecar.removesuffix("s")) < pod(service)["terminationGracePeriodSeconds"]


@PER_SERVICE
def test_network_lets_in_exactly_those_whom_the_mesh_allows(service: str) -> None:
    ingress = one("NetworkPolicy", service)["spec"]["ingress"]
    peers = [peer for rule in ingress if rule["ports"] == [{"port": 50051}] for peer in rule["from"]]
    labels = [peer["podSelector"]["matchLabels"] for peer in peers]
    names = {istio.service_of(label.get("app.kubernetes.io/name") or label["istio"]) for label in labels}
    assert names == istio.callers().get(service, set())


@PER_SERVICE
def test_network_lets_out_exactly_to_those_whom_the_mesh_allows(service: str) -> None:
    egress = one("NetworkPolicy", service)["spec"]["egress"]
    peers = [peer for rule in egress if rule["ports"] == [{"port": 50051}] for peer in rule["to"]]
    names = {istio.service_of(peer["podSelector"]["matchLabels"]["app.kubernetes.io/name"]) for peer in peers}
    assert names == {callee for callee, callers in istio.callers().items() if service in callers}
    assert one("NetworkPolicy", service)["spec"]["policyTypes"] == ["Ingress", "Egress"]


@PER_SERVICE
def test_service_reads_its_whole_environment(service: str) -> None:
    if not (charts.ROOT / "services" / service / "config.py").exists():
        pytest.skip(f"{service} is not in this tree")
    module = importlib.import_module(f"services.{service}.config")
    configs = [
        item
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, ServiceConfig) and item is not ServiceConfig
    ]
    (config,) = configs
    environment = {item["name"]: item.get("value", "secret") for item in container(service)["env"]}
    assert load(config, service, environment).address == "0.0.0.0:50051"


@PER_SERVICE
def test_kubernetes_adds_no_variable_that_the_service_would_refuse(service: str) -> None:
    # A Service called `oms` would give the pods OMS_PORT, and oms refuses a setting that it does not know.
    assert pod(service)["enableServiceLinks"] is False


@PER_SERVICE
def test_addresses_are_those_of_services_in_the_release(service: str) -> None:
    hosts = {item["metadata"]["name"] for item in engine() if item["kind"] == "Service"}
    addresses = [item["value"] for item in container(service)["env"] if item.get("value", "").endswith("local:50051")]
    assert {address.split(".")[0] for address in addresses} <= hosts


def test_fix_gateway_is_alone_and_keeps_its_sessions() -> None:
    item = workload("fix_gateway")
    assert (item["kind"], item["spec"]["replicas"]) == ("StatefulSet", 1)
    environment = {entry["name"]: entry.get("value", "") for entry in container("fix_gateway")["env"]}
    mounts = {mount["name"]: mount["mountPath"] for mount in container("fix_gateway")["volumeMounts"]}
    assert environment["FIX_GATEWAY_STORE_DIR"].startswith(mounts["state"] + "/")
    assert environment["FIX_GATEWAY_PROVIDERS_FILE"].startswith(mounts["files"] + "/")


def test_providers_of_the_chart_are_those_that_the_mesh_lets_out_to() -> None:
    files = one("ConfigMap", "fix_gateway-files")["data"]
    providers = tomllib.loads(files["providers.toml"])["provider"]
    entries = istio.resources("ServiceEntry")
    outside = {(entry["spec"]["hosts"][0], entry["spec"]["ports"][0]["number"]) for entry in entries}
    assert {(provider["host"], provider["port"]) for provider in providers} == outside
    egress = charts.service_values()["fix_gateway"]["egress"]
    assert {port["port"] for rule in egress for port in rule["ports"]} == {port for _, port in outside}


def test_scaled_service_leaves_its_replicas_to_the_autoscaler() -> None:
    assert "replicas" not in workload("client_api")["spec"]
    scaler = one("HorizontalPodAutoscaler", "client_api")["spec"]
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "client-api"}
    assert scaler["minReplicas"] >= 2


@pytest.mark.parametrize("service", STORED)
def test_only_the_migration_has_the_owners_url(service: str) -> None:
    (migration,) = pod(service)["initContainers"]
    name = service.replace("_", "-")
    assert migration["env"][0]["valueFrom"]["secretKeyRef"] == {"name": f"{name}-postgres-owner", "key": "url"}
    assert "owner" not in json.dumps(container(service))


@pytest.mark.parametrize("service", STORED)
async def test_migration_command_brings_the_schema_up_to_date(service: str, database: Database) -> None:
    files = list((charts.ROOT / "services" / service / "sql").glob("*.sql"))
    (migration,) = pod(service)["initContainers"]
    program, *options = [*migration["command"], *migration["args"]]
    assert program == "python"
    path = f"{charts.ROOT}:{charts.ROOT / 'gen'}"
    environment = {**os.environ, "OWNER_URL": database.url(f"{service}_owner"), "PYTHONPATH": path}
    for _ in range(2):  # a second pod finds it done
        command = [sys.executable, *options]
        process = await asyncio.create_subprocess_exec(*command, cwd=charts.ROOT, env=environment)
        assert await asyncio.wait_for(process.wait(), 60) == 0
    connection = await asyncpg.connect(database.url())
    try:
        done = await connection.fetchval(f"SELECT count(*) FROM {service}.migration")  # noqa: S608
    finally:
        await connection.close()
    assert done == len(files) > 0


def test_image_holds_what_the_services_need() -> None:
    text = (charts.ROOT / "charts" / "Containerfile").read_text()
    copied = [line.split()[1:-1] for line in text.splitlines() if line.startswith("COPY") and "--from" not in line]
    for source in (source for sources in copied for source in sources):
        assert (charts.ROOT / source).exists(), source
    assert "--require-hashes -r requirements.lock" in text
    assert "USER 10001:10001" in text
    assert pod("oms")["securityContext"]["runAsUser"] == 10001


def test_every_service_of_the_umbrella_has_a_file_of_values() -> None:
    dependencies = yaml.safe_load((charts.UMBRELLA / "Chart.yaml").read_text())["dependencies"]
    assert sorted(item["alias"].replace("-", "_") for item in dependencies) == SERVICES
    assert {item["condition"] for item in dependencies} == {f"{item['alias']}.enabled" for item in dependencies}
