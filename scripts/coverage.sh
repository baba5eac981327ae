#!/bin/sh
# Which lines and branches of the contracts the tests run: a table, and .build/coverage/lcov.info. Tests of gas fail on
# code that is not optimized, which says nothing here; what they would cover, others do.
set -eu

mkdir -p .build/coverage
FOUNDRY_PROFILE=coverage exec sh scripts/forge.sh coverage --ir-minimum --exclude-tests --no-match-coverage '^tests/' \
    --report summary --report lcov --report-file .build/coverage/lcov.info "$@"
