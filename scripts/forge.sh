#!/bin/sh
# Runs forge with the arguments given: $COMPUTE_FORGE, else the platform's npm package, else forge on PATH.
# Installs the compiler's launcher first where it is missing.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
case $(uname -s)-$(uname -m) in
    Linux-x86_64) platform=linux-amd64 ;;
    Linux-aarch64 | Linux-arm64) platform=linux-arm64 ;;
    Darwin-x86_64) platform=darwin-amd64 ;;
    Darwin-arm64) platform=darwin-arm64 ;;
    *) platform=unknown ;;
esac
packaged=$root/node_modules/@foundry-rs/forge-$platform/bin/forge
if [ -n "${COMPUTE_FORGE:-}" ]; then
    forge=$COMPUTE_FORGE
elif [ -x "$packaged" ]; then
    forge=$packaged
elif ! forge=$(command -v forge); then
    echo "forge.sh: no forge for $(uname -s) $(uname -m): run 'npm ci --ignore-scripts', or set COMPUTE_FORGE" >&2
    exit 1
fi
ls "$root"/.solcx/solc-v* >/dev/null 2>&1 || "$root/scripts/solc/install.sh" >/dev/null
cd "$root"
# Foundry caches in the home folder; nothing of ours is written there.
HOME=$root/.cache/home
mkdir -p "$HOME"
export HOME
exec "$forge" "$@"
