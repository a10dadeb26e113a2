#!/bin/sh
# Build the package, and run its tests with the built wheel, by the oldest Python that it supports
# and by the one of the path. Needs uv, and an index such as PyPI. A folder keeps what was built:
#
#   ./check.sh [DIR]
set -eu
kept=${1:+$(mkdir -p "$1" && cd "$1" && pwd)}
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
index=$(python -m pip config get global.index-url 2>/dev/null) || index=
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}" # uv doesn't read pip's
for oldest in "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.10.*/bin; do
  PATH=$PATH:$oldest # where uv doesn't look by itself
done

uv build --quiet --out-dir "$work" . # the wheel from the source
tar -xzf "$work"/*.tar.gz -C "$work"
cd "$work"/telegram_stand_in-*/
rm -r telegram_stand_in # so that the wheel's is tested
for python in 3.10 "$(command -v python)"; do
  uv run --quiet --no-project --isolated --python "$python" --with "$(echo "$work"/*.whl)[tests]" \
    python -m pytest -q -m "not slow"
done
[ -z "$kept" ] || cp "$work"/*.whl "$work"/*.tar.gz "$kept"
