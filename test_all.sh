#!/usr/bin/env bash
# All models, prompts and tasks of the config. Arguments are passed to snakemake: ./test_all.sh -n
exec "${PYTHON:-python3}" "$(dirname "$0")/legacy" test_all.sh "$@"
