#!/usr/bin/env bash
# The checks of CI: tools/check.sh quick (without tests), all, or deep (what is too dear for each change).
set -uo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
export DJANGO_SETTINGS_MODULE=panshi.config.settings

step() {
  local name=$1; shift
  local began=$SECONDS
  printf '%-14s' "$name"
  if output=$("$@" 2>&1); then printf 'ok   %3ss\n' $((SECONDS - began))
  else printf 'FAILED\n%s\n' "$output"; return 1; fi
}

quick() {
  local wrong=0
  step format $bin/ruff format --check -q . || wrong=1
  step lint $bin/ruff check -q . || wrong=1
  step imports $bin/lint-imports || wrong=1
  step types $bin/mypy || wrong=1
  step migrations env PANSHI_HOME=/nonexistent $bin/python -W ignore -m django makemigrations --check --dry-run || wrong=1
  step translations $bin/python tools/messages.py --check || wrong=1
  return $wrong
}

failed=()
if [ "${1:-quick}" = quick ]; then
  quick || failed+=("checks")
  step "broken rules" $bin/python -m tools.mutants --changed || failed+=("broken rules")
elif [ "$1" = deep ]; then
  echo "tests at full size"
  # A browser in a process keeps its loop running, so what runs a loop of its own stands apart.
  timeout 3300 $bin/pytest -rs -n 2 --dist load -m "deep and not browser" || failed+=("tests at full size")
  timeout 900 $bin/pytest -rs -n 1 -m "deep and browser" || [ $? -eq 5 ] || failed+=("browser tests at full size")
  echo "frames at random"
  PANSHI_FUZZ_CASES=5000 timeout 2400 $bin/pytest -n 2 --dist load panshi/wire/tests/test_fuzz.py || failed+=("frames at random")
  echo "broken rules"
  $bin/python -m tools.mutants || failed+=("broken rules")
else
  # All at once: the checks use one core for a minute, and the browser waits as often as it draws.
  # The tests stand in their order, as the longest modules stand first.
  side_by_side=(-rs --dist loadscope --no-loadscope-reorder)
  kept=$(mktemp -d)
  trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$kept"' EXIT
  quick >"$kept/quick" 2>&1 &
  checks=$!
  timeout 2400 $bin/pytest "${side_by_side[@]}" -n 1 -m "browser and not deep" >"$kept/browser" 2>&1 &
  browser=$!
  echo "tests"
  timeout 2400 $bin/pytest "${side_by_side[@]}" -n 3 -m "not browser and not deep" || failed+=("tests")
  echo "browser tests"
  wait $browser || [ $? -eq 5 ] || failed+=("browser tests")
  cat "$kept/browser"
  echo "checks"
  wait $checks || failed+=("checks")
  cat "$kept/quick"
fi
if [ ${#failed[@]} -gt 0 ]; then printf '\nFailed: %s\n' "${failed[*]}"; exit 1; fi
echo "All green."
