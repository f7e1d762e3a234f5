#!/bin/sh
# Install this project, editable, with the given extras into .venv, by the fastest installer that works here.
set -eu
what=$1
echo "Installing $what into .venv (only when setup.py has changed)"

if command -v uv >/dev/null; then
    uv pip install --quiet --python .venv/bin/python -e "$what" && exit 0
elif .venv/bin/python -m pip install --quiet uv; then
    .venv/bin/uv pip install --quiet --python .venv/bin/python -e "$what" && exit 0
fi

# uv does not read pip's settings, so a machine with its own package index ends here.
if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    .venv/bin/python -m ensurepip --upgrade >/dev/null
fi
exec .venv/bin/python -m pip install --quiet -e "$what"
