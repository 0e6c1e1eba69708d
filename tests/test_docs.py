"""The README names what there is to use."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parents[1] / "README.md"
ROOT = README.parent


def make_targets():
    return re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.M)


def variables():
    code = [*(ROOT / "needlepoint").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]
    return sorted(
        {name for file in code for name in re.findall(r"NEEDLEPOINT_[A-Z_]+", file.read_text())}
    )


@pytest.mark.parametrize("target", [t for t in make_targets() if t != "help"])
def test_each_command_is_named(target):
    assert f"`make {target}`" in README.read_text()


@pytest.mark.parametrize("variable", variables())
def test_each_variable_is_named(variable):
    assert f"`{variable}`" in README.read_text()


def test_each_link_leads_somewhere():
    for link in re.findall(r"\]\(([^)#]+)\)", README.read_text()):
        if not link.startswith("http"):
            assert (ROOT / link).exists(), link


def test_each_direct_dependency_is_named():
    project = (ROOT / "pyproject.toml").read_text()
    section = project[project.index("dependencies = [") : project.index("[dependency-groups]")]
    for name in re.findall(r'^    "([a-z-]+)', section, re.M):
        assert name in README.read_text(), name
