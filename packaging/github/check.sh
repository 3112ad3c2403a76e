#!/usr/bin/env bash
# The step of the action that runs plimsoll. It succeeds even if there are findings, so that they can be uploaded; the
# exit code of plimsoll is an output. Inputs are environment variables and never part of the script.
set -euo pipefail

if [[ "${PLIMSOLL_VERSION:-latest}" != installed ]]; then
  package=plimsoll-cli
  if [[ "${PLIMSOLL_VERSION:-latest}" != latest ]]; then
    package="plimsoll-cli==$PLIMSOLL_VERSION"
  fi
  python3 -m venv "$RUNNER_TEMP/plimsoll"
  # On Windows the folder is called Scripts, and only `pwd` gives its path without a colon.
  bin="$(cd "$RUNNER_TEMP/plimsoll" && { cd ./Scripts 2>/dev/null || cd ./bin; } && pwd)"
  "$bin/pip" install --quiet --disable-pip-version-check "$package"
  PATH="$bin:$PATH"
fi

arguments=(check --output "sarif=$PLIMSOLL_SARIF_FILE")
if [[ "${PLIMSOLL_ANNOTATIONS:-true}" == true ]]; then
  arguments+=(--format github)
else
  arguments+=(--format text)
fi
option() {
  if [[ -n "$2" ]]; then
    arguments+=("$1=$2")
  fi
}
option --min-severity "${PLIMSOLL_MIN_SEVERITY:-}"
option --min-confidence "${PLIMSOLL_MIN_CONFIDENCE:-}"
option --fail-on "${PLIMSOLL_FAIL_ON:-}"
option --baseline "${PLIMSOLL_BASELINE:-}"
option --config "${PLIMSOLL_CONFIG:-}"
# Words on any number of lines. Nothing in them is expanded: a path may have a star in its name.
set -f
# shellcheck disable=SC2206 # the words are to be split
paths=(${PLIMSOLL_PATHS:-})
set +f
if [[ ${#paths[@]} -eq 0 ]]; then
  paths=(.)
fi

code=0
plimsoll "${arguments[@]}" -- "${paths[@]}" || code=$?
{
  echo "exit-code=$code"
  if [[ -f "$PLIMSOLL_SARIF_FILE" ]]; then
    echo "sarif-file=$PLIMSOLL_SARIF_FILE"
  fi
} >>"$GITHUB_OUTPUT"
