#!/usr/bin/env bash
# Selected models: ./run_batch_test.sh -m MODEL -p PROMPTS -t TASKS -n N -d DIFFICULTY (see --help)
exec "${PYTHON:-python3}" "$(dirname "$0")/legacy" run_batch_test.sh "$@"
