#!/usr/bin/env bash
# The checks of CI: tools/check.sh quick (without tests) or all.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()
step() {
  local name=$1; shift
  local began=$SECONDS
  printf '%-14s' "$name"
  if output=$("$@" 2>&1); then printf 'ok   %3ss\n' $((SECONDS - began))
  else printf 'FAILED\n%s\n' "$output"; failed+=("$name"); fi
}
bin=.venv/bin
export DJANGO_SETTINGS_MODULE=panshi.config.settings
step format $bin/ruff format --check -q .
step lint $bin/ruff check -q .
step imports $bin/lint-imports
step types $bin/mypy
step migrations env PANSHI_HOME=/nonexistent $bin/python -W ignore -m django makemigrations --check --dry-run
step translations $bin/python tools/messages.py --check
if [ "${1:-quick}" = all ]; then
  # In their order, as the longest modules stand first. The browser waits as often as it draws, so
  # its tests fill the pauses of the others.
  side_by_side=(-rs --dist loadscope --no-loadscope-reorder)
  browser=$(mktemp)
  timeout 2400 $bin/pytest "${side_by_side[@]}" -n 1 -m browser >"$browser" 2>&1 &
  beside=$!
  trap 'kill $beside 2>/dev/null; rm -f "$browser"' EXIT
  echo "tests"
  timeout 2400 $bin/pytest "${side_by_side[@]}" -n 3 -m "not browser" || failed+=("tests")
  echo "browser tests"
  wait $beside || [ $? -eq 5 ] || failed+=("browser tests")
  cat "$browser"
fi
if [ ${#failed[@]} -gt 0 ]; then printf '\nFailed: %s\n' "${failed[*]}"; exit 1; fi
echo "All green."
