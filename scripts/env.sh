# Sourced by the Makefile and scripts/setup.sh: keeps everything that tools write inside this folder.
# shellcheck shell=sh

root=${root:-$(pwd)}

export PIP_CACHE_DIR="$root/.cache/pip"
export npm_config_cache="$root/.cache/npm"
export npm_config_update_notifier=false
export XDG_CACHE_HOME="$root/.cache"
export XDG_DATA_HOME="$root/.cache/share"
export XDG_STATE_HOME="$root/.cache/state"
export UV_CACHE_DIR="$root/.cache/uv"
export APE_DATA_FOLDER="$root/.ape-data"
export SOLCX_BINARY_PATH="$root/.solcx"
export USAGE_DATA_OPT_OUT=True          # qiskit-ibm-runtime
export NODE_USE_SYSTEM_CA=1             # a Node from a wheel does not know the machine's certificates otherwise, nor does uv
export UV_SYSTEM_CERTS=1
export PIP_DISABLE_PIP_VERSION_CHECK=1
export PYTHONNOUSERSITE=1               # packages of the user's own must not hide a missing requirement

# The Node that set-up chose (the system's, or the wheel's): see scripts/setup.sh.
if [ -d "$root/.build/node/bin" ]; then
    PATH="$root/.build/node/bin:$PATH"
    export PATH
fi
