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
  # In their order, as the longest modules stand first.
  side_by_side=(-rs --dist loadscope --no-loadscope-reorder)
  echo "tests"  # One worker more than cores, as some of them wait.
  timeout 2400 $bin/pytest "${side_by_side[@]}" -n 3 -m "not browser" || failed+=("tests")
  echo "browser tests"  # A third browser only slows the other two.
  timeout 1200 $bin/pytest "${side_by_side[@]}" -n 2 -m browser || [ $? -eq 5 ] || failed+=("browser tests")
fi
if [ ${#failed[@]} -gt 0 ]; then printf '\nFailed: %s\n' "${failed[*]}"; exit 1; fi
echo "All green."
