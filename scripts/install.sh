#!/bin/sh
# Install Needlepoint into .venv: finds or installs uv, finds CPython 3.10, installs what uv.lock names.
set -eu
cd "$(dirname "$0")/.."

# pyenv's shims exist for tools of other Python versions too, and then fail: ask before believing.
if uv --version >/dev/null 2>&1; then
    uv=uv
else
    uv=.venv-uv/bin/uv
    if ! "$uv" --version >/dev/null 2>&1; then
        echo "Installing uv into .venv-uv ..."
        base=""
        for candidate in python3 python3.10 python3.11 python3.12 python3.13 /usr/bin/python3 python; do
            if "$candidate" -c 'import venv, ensurepip, sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then
                base=$candidate
                break
            fi
        done
        if [ -z "$base" ]; then
            echo "error: found no Python 3.8 or newer with venv. Install Python 3.10 (Debian: python3 and python3-venv), then try again." >&2
            exit 1
        fi
        "$base" -m venv .venv-uv
        .venv-uv/bin/python -m pip install --quiet uv
    fi
fi

if ! "$uv" python find 3.10 >/dev/null 2>&1; then
    echo "CPython 3.10 is not on this machine; trying to download it ..."
    if ! "$uv" python install 3.10; then
        echo "error: Rasa 3.6 needs CPython 3.10, and it could neither be found nor downloaded. Install it (pyenv install 3.10, or your system's package), then try again." >&2
        exit 1
    fi
fi

echo "Installing the locked dependencies into .venv (the first time, a minute or two) ..."
# Compiled at once, or every start would compile TensorFlow again.
"$uv" sync --frozen --quiet --compile-bytecode
touch .venv/.installed
