#!/usr/bin/env bash
# Prepare this folder to run (tools/setup.sh run) or to test (tools/setup.sh test).
# Quiet, safe to repeat, quick when nothing changed; says what is missing and what to do.
set -euo pipefail
cd "$(dirname "$0")/.."
purpose=${1:-run}
say() { printf '  %s\n' "$*"; }
fail() { printf '\n  %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "Python 3.11 or newer is needed: install it, or set PYTHON=/path/to/python3."
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "Python 3.11 or newer is needed; $("$python" --version) was found. Set PYTHON=/path/to/python3."
command -v npm >/dev/null || fail "npm (Node.js 20 or newer) is needed for the front-end files: install nodejs and npm."

if [ ! -x .venv/bin/python ]; then
  say "making the environment .venv"
  "$python" -m venv .venv || fail "The environment could not be made; on Debian: apt-get install python3-venv"
fi

requirements=requirements.txt
[ "$purpose" = test ] && requirements=requirements-dev.txt
# A folder that was prepared for tests also runs.
[ -f .venv/prepared-test ] && requirements=requirements-dev.txt
wanted=$(cat "$requirements" requirements-uv.txt pyproject.toml | sha256sum | cut -c1-16)
if [ "$(cat .venv/prepared 2>/dev/null)" != "$wanted" ]; then
  say "installing the pinned packages (a minute or two the first time)"
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.txt \
    || fail "pip could not install. Is a package index reachable? See the lines above."
  # uv does not read pip's configuration of mirrors, so pip itself is the second way.
  .venv/bin/uv pip install --quiet --compile-bytecode --require-hashes -r "$requirements" 2>.venv/uv.log \
    || .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$requirements" \
    || { cat .venv/uv.log >&2; fail "The packages could not be installed. See the lines above."; }
  site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
  pwd > "$site/panshi.pth"
  printf '#!/bin/sh\nexec "%s/.venv/bin/python" -m panshi "$@"\n' "$PWD" > .venv/bin/panshi
  chmod +x .venv/bin/panshi
  [ "$purpose" = test ] && touch .venv/prepared-test
  echo "$wanted" > .venv/prepared
fi

say "front-end files"
.venv/bin/python tools/vendor_assets.py
say "translations"
.venv/bin/python tools/messages.py --compile
# Every process starts a quarter sooner; where Python may keep no bytecode of its own, this stays.
.venv/bin/python -m compileall -q -j 0 panshi tests

if [ "$purpose" = test ] && ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing Chromium for the browser tests"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
      >.venv/apt.log 2>&1 || say "Chromium could not be installed (.venv/apt.log); the browser tests will be left out"
  else
    say "no Chromium here: the browser tests will be left out. To have them: install Debian's package chromium"
  fi
fi
