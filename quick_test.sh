#!/usr/bin/env bash
# A small real benchmark without any key. Arguments are passed to snakemake: ./quick_test.sh -n
exec "${PYTHON:-python3}" "$(dirname "$0")/legacy" quick_test.sh "$@"
