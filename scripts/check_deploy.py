"""Check the files of the deployment by the schemas of Compose and Kubernetes, and by hadolint.

    sh scripts/deploy_tools.sh
    build/deploy-tools/bin/python scripts/check_deploy.py [FOLDER]

The folder is ``deploy`` if none is named. Each problem is a line; the exit code is 1 if there is one.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import kubernetes_validate
import yaml
from compose_spec import PyCompose

# The oldest and the newest that the manifests are meant for.
KUBERNETES_VERSIONS = ("1.29.0", "1.37.0")
HADOLINT = Path(sys.executable).with_name("hadolint")
# ${NAME:-default}
_VARIABLE = re.compile(r"\$\{(\w+):-([^}]*)\}")


def compose_problems(folder: Path) -> Iterator[str]:
    # As compose does it before it looks at the file.
    text = _VARIABLE.sub(r"\2", (folder / "compose.yml").read_text(encoding="utf-8"))
    try:
        PyCompose.from_yaml(text).validate()
    except ValueError as error:
        yield f"compose.yml: {error}"


def kubernetes_problems(folder: Path) -> Iterator[str]:
    for file in sorted((folder / "kubernetes").glob("*.yaml")):
        if file.name == "kustomization.yaml":
            continue
        for document in yaml.safe_load_all(file.read_text(encoding="utf-8")):
            for version in KUBERNETES_VERSIONS:
                try:
                    kubernetes_validate.validate(document, version, strict=True)
                except kubernetes_validate.ValidationError as error:
                    name = f"{document['kind']} {document['metadata']['name']}"
                    yield f"{file.name}: {name}, Kubernetes {version}: {error.message}"


def dockerfile_problems(folder: Path) -> Iterator[str]:
    found = subprocess.run(
        [HADOLINT, "--no-color", folder / "Dockerfile"], capture_output=True, text=True, check=False
    )
    yield from (found.stdout + found.stderr).splitlines()


def main(folder: Path) -> int:
    problems = [
        *compose_problems(folder),
        *kubernetes_problems(folder),
        *dockerfile_problems(folder),
    ]
    print("\n".join(problems) or "The files of the deployment are as their schemas want them.")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "deploy")))
