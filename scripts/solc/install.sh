#!/bin/sh
# Installs the compiler's launcher at .solcx/solc-vX.Y.Z, where forge (foundry.toml), ape and slither look for it
# (SOLCX_BINARY_PATH=.solcx). X.Y.Z is the version of the npm package.
#
#   scripts/solc/install.sh [NODE]      NODE: path of a node binary; default: $NODE, else node on PATH
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
node=${1:-${NODE:-node}}
node=$(command -v -- "$node") || {
    echo "install.sh: no node binary at '${1:-${NODE:-node}}': install Node.js 18 or newer, or pass its path" >&2
    exit 1
}
case $node in /*) ;; *) node=$PWD/$node ;; esac
[ -f "$root/node_modules/solc/soljson.js" ] || {
    echo "install.sh: node_modules/solc is missing: run 'npm ci --ignore-scripts' in $root" >&2
    exit 1
}
version=$("$node" -p 'require(process.argv[1]).version' "$root/node_modules/solc/package.json")
target=$root/.solcx/solc-v$version

mkdir -p "$root/.solcx"
cat > "$target.$$" <<LAUNCHER
#!/bin/sh
SOLC_PACKAGE='$root/node_modules/solc' SOLC_VERSION_CACHE='$root/.solcx/.version' \\
    exec '$node' '$root/scripts/solc/solc.js' "\$@"
LAUNCHER
chmod 755 "$target.$$"
mv "$target.$$" "$target"
"$target" --version >/dev/null
echo "$target"
