"""The files of the deployment agree with their schemas, with each other and with the README."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from conftest import ROOT

from needlepoint.channels import records
from needlepoint.cli import app
from needlepoint.serve import (
    ACTIONS_VARIABLE,
    BACKLOG,
    PROFILES,
    CannotStartError,
    read_settings,
)
from needlepoint.stores import database

DEPLOY = ROOT / "deploy"
TOOLS = ROOT / "build" / "deploy-tools" / "bin" / "python"
OURS = ("server", "actions")
WORKLOADS = ("Deployment", "CronJob")


def load_container() -> ModuleType:
    spec = importlib.util.spec_from_file_location("container", DEPLOY / "container.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


container = load_container()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yml").read_text())
KUSTOMIZATION = yaml.safe_load((DEPLOY / "kubernetes" / "kustomization.yaml").read_text())
MANIFESTS = [
    document
    for file in sorted((DEPLOY / "kubernetes").glob("*.yaml"))
    if file.name != "kustomization.yaml"
    for document in yaml.safe_load_all(file.read_text())
]


def manifest(kind: str, name: str) -> dict[str, Any]:
    [found] = [m for m in MANIFESTS if m["kind"] == kind and m["metadata"]["name"] == name]
    return found


def pod(workload: dict[str, Any]) -> dict[str, Any]:
    spec = workload["spec"]
    if workload["kind"] == "CronJob":
        spec = spec["jobTemplate"]["spec"]
    return spec["template"]["spec"]


def pods() -> dict[str, dict[str, Any]]:
    return {m["metadata"]["name"]: pod(m) for m in MANIFESTS if m["kind"] in WORKLOADS}


def first_container(name: str) -> dict[str, Any]:
    [only] = pods()[name]["containers"]
    return only


def missing(reason: str) -> None:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def read(name: str) -> str:
    return (DEPLOY / name).read_text()


def manual(section: str) -> str:
    """Return a section of docs/deploy.md."""
    whole = (ROOT / "docs" / "deploy.md").read_text()
    [found] = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", whole, re.M | re.S)
    return found


# By their schemas


def check(folder: Path) -> subprocess.CompletedProcess[str]:
    if not TOOLS.exists():
        missing("no schemas; `sh scripts/deploy_tools.sh` installs them")
    command = [TOOLS, ROOT / "scripts" / "check_deploy.py", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_files_are_as_their_schemas_want_them() -> None:
    checked = check(DEPLOY)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("file", "right", "wrong"),
    [
        ("compose.yml", "condition: service_healthy", "condition: service_well"),
        ("compose.yml", "networks: [edge, web]", "networks: [edge, web, moon]"),
        ("kubernetes/server.yaml", "periodSeconds: 5", "periodSeconds: often"),
        ("kubernetes/network.yaml", "policyTypes:", "policyType:"),
        ("Dockerfile", 'CMD ["server"]', "CMD server"),
    ],
)
def test_the_check_finds_what_is_wrong(tmp_path: Path, file: str, right: str, wrong: str) -> None:
    folder = tmp_path / "deploy"
    shutil.copytree(DEPLOY, folder, ignore=shutil.ignore_patterns("secrets"))
    text = (folder / file).read_text()
    assert right in text
    (folder / file).write_text(text.replace(right, wrong, 1))

    checked = check(folder)

    assert checked.returncode == 1
    assert Path(file).name in checked.stdout


def test_kustomize_takes_all_manifests_and_all_settings_of_nginx() -> None:
    folder = DEPLOY / "kubernetes"
    own = {file.name for file in folder.glob("*.yaml")} - {
        "kustomization.yaml",
        "secret.example.yaml",
    }
    [generated] = yaml.safe_load(read("nginx/kustomization.yaml"))["configMapGenerator"]

    assert set(KUSTOMIZATION["resources"]) == {*own, "../nginx"}
    assert generated["files"] == sorted(file.name for file in (DEPLOY / "nginx").glob("*.conf"))


def test_kustomize_builds() -> None:
    if shutil.which("kubectl") is None:
        pytest.skip("no kubectl, which Debian does not have in a version that knows kustomize")
    command = ["kubectl", "kustomize", str(DEPLOY / "kubernetes")]
    built = subprocess.run(command, capture_output=True, text=True, check=False)

    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    [settings] = [
        d["metadata"]["name"]
        for d in documents
        if d["kind"] == "ConfigMap" and "nginx.conf" in d["data"]
    ]
    # A change of nginx's settings changes the name, and so starts nginx anew.
    assert re.fullmatch("nginx-[a-z0-9]{10}", settings)
    [nginx] = [
        d for d in documents if d["kind"] == "Deployment" and d["metadata"]["name"] == "nginx"
    ]
    assert settings in [v["configMap"]["name"] for v in pod(nginx)["volumes"] if "configMap" in v]


def test_systemd_takes_the_units(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        missing("no systemd-analyze")
    units = []
    for unit in (DEPLOY / "systemd").iterdir():
        units.append(tmp_path / unit.name.replace("@.", "@5005."))
        # Programs are looked for; here they are elsewhere.
        text = unit.read_text().replace("/opt/needlepoint", str(ROOT))
        units[-1].write_text(text.replace("/usr/sbin/nginx", "/bin/true"))

    found = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
    )

    # It also names what other units of this machine have.
    assert not [line for line in found.stderr.splitlines() if "needlepoint" in line]
    assert len(units) == 5


# With each other


def test_all_know_the_port_of_the_server() -> None:
    port = container.SERVER_PORT
    upstream = re.findall(r"server (\w+):(\d+)", read("nginx/upstream.conf"))

    assert set(upstream) == {("server", str(port))}
    assert first_container("server")["ports"] == [{"name": "http", "containerPort": port}]
    assert manifest("Service", "server")["spec"]["ports"][0]["port"] == port
    assert "server" in COMPOSE["services"]
    [ingress] = manifest("NetworkPolicy", "server")["spec"]["ingress"]
    assert ingress["ports"] == [{"protocol": "TCP", "port": port}]
    [egress] = manifest("NetworkPolicy", "nginx")["spec"]["egress"]
    assert egress["ports"] == ingress["ports"]


def test_all_let_as_many_connections_wait() -> None:
    variable = f"SANIC_BACKLOG={BACKLOG} "

    assert variable in read("Dockerfile")
    assert variable in read("systemd/needlepoint-server@.service")


def test_all_know_the_port_of_the_action_server() -> None:
    port = container.ACTIONS_PORT
    url = f"http://actions:{port}/webhook"

    assert COMPOSE["services"]["server"]["environment"]["NEEDLEPOINT_ACTIONS_URL"] == url
    assert manifest("ConfigMap", "settings")["data"]["NEEDLEPOINT_ACTIONS_URL"] == url
    assert manifest("Service", "actions")["spec"]["ports"][0]["port"] == port
    assert first_container("actions")["ports"] == [{"name": "http", "containerPort": port}]
    [ingress] = manifest("NetworkPolicy", "actions")["spec"]["ingress"]
    [egress] = manifest("NetworkPolicy", "server")["spec"]["egress"]
    assert ingress["ports"] == egress["ports"] == [{"protocol": "TCP", "port": port}]


def test_all_know_the_ports_of_nginx() -> None:
    plain, inner, tls = (
        int(port) for port in re.findall(r"listen (\d+)", read("nginx/nginx.conf"))
    )
    ports = {p["name"]: p["containerPort"] for p in first_container("nginx")["ports"]}
    published = [entry.rpartition(":")[2] for entry in COMPOSE["services"]["nginx"]["ports"]]
    [ingress] = manifest("NetworkPolicy", "nginx")["spec"]["ingress"]

    assert ports == {"plain": plain, "tls": tls, "http": inner}
    # Not the one for the health check.
    assert published == [str(plain), str(tls)]
    assert [rule["port"] for rule in ingress["ports"]] == [plain, tls]
    assert f":{inner}/" in " ".join(COMPOSE["services"]["nginx"]["healthcheck"]["test"])


def test_all_ask_for_health_where_it_is() -> None:
    channel = (ROOT / "needlepoint" / "channels" / "health.py").read_text()
    live, ready = "/webhooks/health/live", "/webhooks/health/ready"
    server, actions = first_container("server"), first_container("actions")

    assert '"/live"' in channel and '"/ready"' in channel
    assert container.HEALTH["server"].endswith(f":{container.SERVER_PORT}{live}")
    # What restarts the server must not look at the database: that would restart all of them.
    assert server["livenessProbe"]["httpGet"]["path"] == live
    assert server["readinessProbe"]["httpGet"]["path"] == ready
    assert f"rewrite ^ {ready} break;" in read("nginx/nginx.conf")
    assert container.HEALTH["actions"].endswith(f":{container.ACTIONS_PORT}/health")
    assert actions["livenessProbe"]["httpGet"]["path"] == "/health"


def test_prometheus_finds_each_server() -> None:
    port, name = container.SERVER_PORT, "server"
    [[systemd], [compose], [kubernetes]] = (
        yaml.safe_load(read(f"prometheus/{file}.yml"))["scrape_configs"]
        for file in ("prometheus", "compose", "kubernetes")
    )
    started = re.findall(r"needlepoint-server@(\d+)", manual("One machine with systemd"))

    assert systemd["static_configs"] == [{"targets": [f"127.0.0.1:{each}" for each in started]}]
    assert compose["dns_sd_configs"][0] | {"refresh_interval": None} == {
        "names": [name],
        "type": "A",
        "port": port,
        "refresh_interval": None,
    }
    [pods] = kubernetes["kubernetes_sd_configs"]
    assert pods == {"role": "pod", "namespaces": {"names": [KUSTOMIZATION["namespace"]]}}
    [kept, *_] = kubernetes["relabel_configs"]
    labels = manifest("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    [opened] = first_container(name)["ports"]
    label, part = "__meta_kubernetes_pod_label_app_kubernetes_io_name", "container_port_name"
    assert kept["source_labels"] == [label, f"__meta_kubernetes_pod_{part}"]
    assert kept["regex"] == f"{labels['app.kubernetes.io/name']};{opened['name']}"
    assert (kept["action"], opened["containerPort"]) == ("keep", port)


def test_prometheus_of_compose_reaches_the_servers_and_has_their_token() -> None:
    services = COMPOSE["services"]
    prometheus, token = services["prometheus"], "NEEDLEPOINT_METRICS_TOKEN"
    [job] = yaml.safe_load(read("prometheus/compose.yml"))["scrape_configs"]

    assert prometheus["profiles"] == ["monitoring"]
    assert set(prometheus["networks"]) & set(services["server"]["networks"])
    assert "--config.file=/etc/prometheus/compose.yml" in prometheus["command"]
    assert prometheus["volumes"][0] == "./prometheus:/etc/prometheus:ro"
    assert prometheus["secrets"] == [token]
    assert token in services["server"]["secrets"]
    assert job["authorization"] == {"credentials_file": f"/run/secrets/{token}"}
    # It has no password: for this machine only.
    assert all(port.startswith("127.0.0.1:") for port in prometheus["ports"])


def test_each_part_finds_the_same_secrets() -> None:
    example = manifest("Secret", "needlepoint")["stringData"]
    services = [COMPOSE["services"][name] for name in OURS]

    for service in services:
        assert sorted(service["secrets"]) == sorted(example)
    assert all(name.startswith(container.PREFIXES) for name in example)


def test_each_variable_is_in_the_configuration_of_the_readme() -> None:
    table = set(re.findall(r"^\| `([A-Z_]+)`", (ROOT / "README.md").read_text(), re.M))
    used = {
        *manifest("Secret", "needlepoint")["stringData"],
        *manifest("ConfigMap", "settings")["data"],
        *COMPOSE["services"]["server"]["environment"],
        *COMPOSE["services"]["server"]["secrets"],
    }

    assert used - table == set()


def test_the_variables_of_compose_are_in_the_example() -> None:
    example = set(re.findall(r"^([A-Z_]+)=", read(".env.example"), re.M))

    assert set(re.findall(r"\$\{([A-Z_]+)", read("compose.yml"))) == example


def test_the_way_out_leads_to_all_stores_with_and_without_tls() -> None:
    [egress] = manifest("NetworkPolicy", "outside")["spec"]["egress"]

    # PostgreSQL has one port for both.
    assert {5432, 6379, 6380, 5672, 5671} <= {rule["port"] for rule in egress["ports"]}


def postgres_settings() -> dict[str, str]:
    program, *options = COMPOSE["services"]["postgres"]["command"]
    assert program == "postgres" and set(options[::2]) == {"-c"}
    return dict(option.split("=") for option in options[1::2])


def test_postgresql_logs_no_words_of_a_statement_that_failed() -> None:
    # psycopg2 writes the values into the statement, and DETAIL has a row's.
    wanted = {"log_min_error_statement": "panic", "log_error_verbosity": "terse"}

    assert wanted.items() <= postgres_settings().items()
    for name, value in wanted.items():
        advised = (f"{name}={value}", f"{name} = {value}", f"{name} = '{value}'")
        for section in ("Kubernetes", "One machine with systemd"):
            assert any(form in manual(section) for form in advised), section


def test_postgresql_has_connections_for_as_many_servers_as_there_may_be() -> None:
    # The store's, those of web and Slack, and two for health.
    each = database.THREADS + 2 * records.THREADS + 2
    most = manifest("HorizontalPodAutoscaler", "server")["spec"]["maxReplicas"]
    limit = int(postgres_settings()["max_connections"])

    # One more while one is replaced; what is left is for action servers, commands and a person.
    assert limit >= (most + 1) * each + 20
    for file in ("deploy.md", "capacity.md"):
        text = (ROOT / "docs" / file).read_text()
        assert f"up to {each} connections" in text, file
        assert f"max_connections={limit}" in text or f"max_connections = {limit}" in text, file


def test_images_have_versions_and_are_the_same_everywhere() -> None:
    services = {name: service["image"] for name, service in COMPOSE["services"].items()}
    [python] = re.findall(r"ARG PYTHON_IMAGE=(\S+)", read("Dockerfile"))
    [own] = KUSTOMIZATION["images"]
    label = re.findall(r'image\.version="([^"]+)"', read("Dockerfile"))
    project = re.findall(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.M)

    for image in [python, *(services[name] for name in services if name not in OURS)]:
        assert re.search(r":v?\d+\.\d+(\.\d+)?(-\w+)*$", image), image
    assert services["nginx"] == first_container("nginx")["image"]
    assert services["server"] == services["actions"] == f"${{IMAGE:-needlepoint:{own['newTag']}}}"
    assert [own["newTag"]] == label == project
    assert f"IMAGE=needlepoint:{own['newTag']}" in read(".env.example")
    assert {first_container(name)["image"] for name in (*OURS, "purge")} == {"needlepoint"}


# Safe by default


@pytest.mark.parametrize("name", COMPOSE["services"])
def test_each_service_is_shut_in_bounded_and_asked_for_its_health(name: str) -> None:
    service = COMPOSE["services"][name]

    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service["restart"] == "unless-stopped"
    # Ours has its user from the image.
    assert name in OURS or re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"])


def test_only_nginx_is_published_and_stores_have_no_way_out() -> None:
    services = COMPOSE["services"]
    inner = {name for name, network in COMPOSE["networks"].items() if network.get("internal")}

    # Prometheus is for this machine only.
    published = {name for name, service in services.items() if "ports" in service}
    assert published == {"nginx", "prometheus"}
    for store in ("postgres", "redis", "rabbitmq"):
        assert set(services[store]["networks"]) <= inner
        assert not set(services[store]["networks"]) & set(services["nginx"]["networks"])


@pytest.mark.parametrize("name", pods())
def test_each_pod_is_shut_in_and_bounded(name: str) -> None:
    spec, only = pods()[name], first_container(name)

    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert only["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    for bound in ("requests", "limits"):
        assert set(only["resources"][bound]) == {"cpu", "memory"}
    assert {"name": "tmp", "mountPath": "/tmp"} in only["volumeMounts"]


@pytest.mark.parametrize("name", ["server", "actions", "nginx"])
def test_each_deployment_can_lose_a_node(name: str) -> None:
    deployment, only = manifest("Deployment", name), first_container(name)
    labels = deployment["spec"]["template"]["metadata"]["labels"]

    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(only)
    assert manifest("PodDisruptionBudget", name)["spec"] == {
        "minAvailable": 1,
        "selector": {"matchLabels": labels},
    }
    [spread] = pod(deployment)["topologySpreadConstraints"]
    assert spread["labelSelector"]["matchLabels"] == labels
    assert manifest("Service", name)["spec"]["selector"] == labels
    if name == "server":
        assert "replicas" not in deployment["spec"]  # else each apply would undo the autoscaler
        assert manifest("HorizontalPodAutoscaler", name)["spec"]["minReplicas"] >= 2
    else:
        assert deployment["spec"]["replicas"] >= 2


# The image


def test_the_image_believes_the_one_proxy_in_front() -> None:
    [(pattern, new)] = re.findall(r'sed -i "s/(.+)/(.+)/" credentials.yml', read("Dockerfile"))
    [proxies] = re.findall(r"ARG PROXIES=(\d+)", read("Dockerfile"))
    text = (ROOT / "credentials.yml").read_text()

    changed = re.sub(pattern, new.replace("${PROXIES}", proxies), text, flags=re.M)

    web = yaml.safe_load(changed)["needlepoint.channels.web.WebChannel"]
    assert web["proxies"] == 1
    assert "X-Forwarded-For $remote_addr;" in read("nginx/proxy.conf")


def test_what_the_image_runs_gets_into_it() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    taken = [line[1:].rstrip("/") for line in ignored if line.startswith("!")]
    files = {
        part
        for role in OURS
        for part in container.command([role])
        if part.endswith(".yml") and "/" not in part
    }

    assert "*" in ignored
    for file in files:
        assert (ROOT / file).is_file(), file
        assert any(Path(file).match(pattern) for pattern in taken), file
    for pattern in taken:
        assert list(ROOT.glob(pattern)), f"{pattern} is not there"
    for secret in (".env", "needlepoint.secret", "needlepoint.db", ".git"):
        assert not any(Path(secret).match(pattern) for pattern in taken)


def test_it_is_not_root_and_starts_without_a_shell() -> None:
    text = read("Dockerfile")

    assert re.findall(r"^USER (\S+)", text, re.M) == ["10001:10001"]
    for word in ("ENTRYPOINT", "CMD"):
        assert all(line.startswith("[") for line in re.findall(rf"^ *{word} (.+)", text, re.M))
    for name in (*OURS, "purge"):
        assert pods()[name]["securityContext"]["runAsUser"] == 10001


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], ["-m", "rasa", "run", "--interface", "0.0.0.0", "--port", "5005"]),
        (["actions"], ["-m", "rasa", "run", "actions", "--port", "5055"]),
        (["purge"], ["-m", "needlepoint.cli", "purge"]),
        (["requests", "list"], ["-m", "needlepoint.cli", "requests", "list"]),
    ],
)
def test_the_first_argument_says_what_a_container_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], line: list[str]
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(container, "ROLE_FILE", tmp_path / "role")
    monkeypatch.setattr(container, "SECRETS", tmp_path)
    monkeypatch.setattr(os, "execv", lambda _, arguments: started.append(arguments))

    container.become(arguments)

    assert started[0][1 : len(line) + 1] == line
    assert (tmp_path / "role").read_text() == (arguments or ["server"])[0]
    # The interface of Rasa that needs no token.
    assert "--enable-api" not in started[0]


def test_a_command_in_a_running_container_leaves_its_health_check_on(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    role = tmp_path / "role"
    monkeypatch.setattr(container, "ROLE_FILE", role)
    monkeypatch.setattr(container, "SECRETS", tmp_path)
    monkeypatch.setattr(os, "execv", lambda *_: None)

    container.become(["server"])
    container.become(["status"])

    assert role.read_text() == "server"


def test_the_commands_of_the_manual_are_there_and_reach_what_they_ask() -> None:
    whole = (ROOT / "docs" / "deploy.md").read_text()
    pattern = r"(?:run --rm actions|-- python deploy/container\.py) ([a-z]+)"
    commands = re.findall(pattern, whole)
    known = {command.name or command.callback.__name__ for command in app.registered_commands}
    known |= {group.name for group in app.registered_groups}

    assert {"purge", "requests", "status"} <= set(commands) <= known
    # In Compose from another container, in Kubernetes, where that is closed, from the pod itself.
    asked = f"run --rm actions status --url http://server:{container.SERVER_PORT}`"
    assert asked in whole
    services = COMPOSE["services"]
    assert set(services["actions"]["networks"]) & set(services["server"]["networks"])
    assert "deploy/server -- python deploy/container.py status" in whole


def test_the_manual_of_systemd_names_what_the_profile_needs() -> None:
    _, needed = PROFILES["production"]
    text = manual("One machine with systemd")

    for name in ("NEEDLEPOINT_PROFILE", ACTIONS_VARIABLE, *needed):
        assert re.search(rf"^{name}=", text, re.M), name
    # What uv puts below /root, the units cannot read.
    assert "UV_PYTHON_INSTALL_DIR=/opt/needlepoint-python make train" in text


def test_the_production_profile_needs_the_secret_that_its_servers_share() -> None:
    _, needed = PROFILES["production"]
    environment = {"NEEDLEPOINT_PROFILE": "production", **dict.fromkeys(needed, "x")}
    environment.pop("NEEDLEPOINT_SECRET", None)

    with pytest.raises(CannotStartError, match="production profile needs NEEDLEPOINT_SECRET;"):
        read_settings(environment)


def test_secrets_are_read_from_files(tmp_path: Path) -> None:
    files = {
        "NEEDLEPOINT_SECRET": "from the file\n",
        "NEEDLEPOINT_REDIS_URL": "redis://file\n",
        "SLACK_BOT_TOKEN": "\n",
        "tls.key": "not for us",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    environment = {"NEEDLEPOINT_REDIS_URL": "redis://set"}

    container.read_secrets(environment, tmp_path)

    assert environment == {
        "NEEDLEPOINT_REDIS_URL": "redis://set",
        "NEEDLEPOINT_SECRET": "from the file",
    }


def test_a_container_is_unwell_when_its_server_does_not_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(container.HEALTH, "server", "http://127.0.0.1:9/")

    assert not container.is_healthy("server")
    assert container.is_healthy("deliver")


def test_secrets_are_made_once_and_fit_together(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        missing("no openssl")
    shutil.copy(DEPLOY / "secrets.sh", tmp_path)

    def make() -> dict[str, str]:
        subprocess.run(["sh", tmp_path / "secrets.sh", "chat.example.org"], check=True)
        return {file.name: file.read_text().strip() for file in (tmp_path / "secrets").iterdir()}

    made = make()

    assert make() == made
    files = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert files <= set(made)
    assert len(made["NEEDLEPOINT_SECRET"]) >= 32
    for url, password in (
        ("NEEDLEPOINT_DATABASE_URL", "postgres_password"),
        ("NEEDLEPOINT_REDIS_URL", "redis_password"),
        ("NEEDLEPOINT_AMQP_URL", "rabbitmq_password"),
    ):
        assert f":{made[password]}@{password.partition('_')[0]}:" in made[url]
    assert made["redis.conf"] == f"requirepass {made['redis_password']}"
    assert (tmp_path / "secrets").stat().st_mode & 0o077 == 0
