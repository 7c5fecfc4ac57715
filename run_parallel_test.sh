#!/usr/bin/env bash
# Several models at once, across all providers: NUM_INSTANCES=50 ./run_parallel_test.sh (see --help)
exec "${PYTHON:-python3}" "$(dirname "$0")/legacy" run_parallel_test.sh "$@"
