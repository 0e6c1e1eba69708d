"""The dashboard and the alerts ask for what there is, by labels that there are."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from needlepoint.observability import metrics
from needlepoint.observability.health import PARTS

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "needlepoint.json").read_text())
ALERTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text())
RULES = [rule for group in ALERTS["groups"] for rule in group["rules"]]
SUFFIXES = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"], "gauge": [""]}
VALUES = {
    "outcome": metrics.OUTCOMES,
    "stage": metrics.STAGES,
    "status": ("waiting", "failed"),
    "channel": metrics.CHANNELS,
    "part": PARTS,
    "job": ("needlepoint",),
}
# Metrics of Prometheus itself, and of the client library where it can read /proc.
BUILT_IN = {"up", "process_resident_memory_bytes"}


def samples():
    """Return the names of our samples, each with its labels."""
    found = {}
    for metric in REGISTRY.collect():
        if metric.name.startswith("needlepoint_"):
            collector = REGISTRY._names_to_collectors[metric.name]
            for suffix in SUFFIXES[metric.type]:
                found[metric.name + suffix] = set(collector._labelnames)
    return found


def expressions():
    yield from ((rule["alert"], rule["expr"]) for rule in RULES)
    for panel in DASHBOARD["panels"]:
        yield from ((panel["title"], target["expr"]) for target in panel["targets"])


@pytest.mark.parametrize(("name", "expression"), list(expressions()))
def test_each_expression_uses_metrics_labels_and_values_that_exist(name, expression):
    known = samples()
    used = re.findall(r"\b((?:needlepoint|process)_\w+|up)\b(?=[{\[)\s]|$)", expression)
    used = [metric for metric in used if metric != "needlepoint"]
    assert used
    labels = {"le", "job", "instance"}
    for metric in used:
        assert metric in known or metric in BUILT_IN, metric
        labels |= known.get(metric, set())
    for group in re.findall(r"by \(([^)]*)\)", expression):
        assert {label.strip() for label in group.split(",")} <= labels
    for selector in re.findall(r"\{([^}]*)\}", expression):
        for label, values in re.findall(r'(\w+)(?:=|!=|=~)"([^"]*)"', selector):
            assert label in labels
            assert set(values.split("|")) <= set(VALUES[label])


@pytest.mark.parametrize("expression", [expression for _, expression in expressions()])
def test_brackets_are_closed(expression):
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)


def test_each_metric_is_shown():
    shown = " ".join(expression for _, expression in expressions())
    for name in {re.sub("_(bucket|sum|count|total)$", "", sample) for sample in samples()}:
        assert name in shown, name


def test_legends_use_labels_of_their_expression():
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
                assert label == "instance" or re.search(rf"\b{label}\b", target["expr"]), target


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    taken = set()
    for panel in DASHBOARD["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert max(x for x, _ in cells) < 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_alerts_have_a_summary_and_a_section_in_the_manual():
    manual = (DEPLOY.parent / "docs" / "observability.md").read_text()
    for rule in RULES:
        assert rule["annotations"]["summary"]
        assert f"`{rule['alert']}`" in manual


def test_the_manual_names_each_metric():
    manual = (DEPLOY.parent / "docs" / "observability.md").read_text()
    for name in {re.sub("_(bucket|sum|count)$", "", sample) for sample in samples()}:
        assert f"`{name}`" in manual, name


@pytest.mark.parametrize("name", ["prometheus", "compose", "kubernetes"])
def test_prometheus_scrapes_where_the_channel_is(name):
    config = yaml.safe_load((DEPLOY / "prometheus" / f"{name}.yml").read_text())
    assert config["scrape_configs"][0]["metrics_path"] == "/webhooks/health/metrics"
    assert config["scrape_configs"][0]["job_name"] == "needlepoint"
    for file in config["rule_files"]:
        assert (DEPLOY / "prometheus" / file).is_file()
    manual = (DEPLOY.parent / "docs" / "observability.md").read_text()
    assert f"(../deploy/prometheus/{name}.yml)" in manual
