#!/bin/sh
# Proves tests/contracts/symbolic with halmos. Options go to halmos: --function check_refund, -st, …
set -eu

root=$(pwd)
mkdir -p .build/prove
# What the proofs deploy, halmos looks for in out/.
sh scripts/forge.sh build --quiet contracts/JobEscrow.sol
# halmos has forge build the whole project, for minutes; this much is what it reads.
cat >.build/prove/forge <<SHIM
#!/bin/sh
exec sh '$root/scripts/forge.sh' build contracts/JobEscrow.sol tests/contracts/symbolic/Conservation.t.sol
SHIM
chmod 755 .build/prove/forge
FOUNDRY_PROFILE=prove PATH="$root/.build/prove:$PATH" exec .venv-halmos/bin/halmos "$@"
