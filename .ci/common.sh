# Sourced by `.ci/run` and by every script in `.ci/steps`: strict mode, the repository's root as working folder, and
# what several steps share.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# If `stable` is the version that rust-toolchain.toml names, there is no need to download that version under its own
# name.
use_installed_toolchain() {
    local pinned installed
    if [ -n "${RUSTUP_TOOLCHAIN-}" ] || ! command -v rustup >/dev/null; then return; fi
    pinned=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
    installed=$(rustup toolchain list)
    if grep -q "^$pinned-" <<<"$installed" || ! grep -q '^stable-' <<<"$installed"; then return; fi
    if rustc +stable --version | grep -q "^rustc $pinned "; then export RUSTUP_TOOLCHAIN=stable; fi
}
use_installed_toolchain

# Prints the path of a Chromium or Chrome; fails if there is none. CHROMIUM names another one.
browser() {
    local name
    for name in "${CHROMIUM-}" chromium chromium-browser google-chrome; do
        if [ -n "$name" ] && command -v "$name"; then return; fi
    done
    return 1
}

# Builds the debug binary and prints its path.
build_binary() {
    cargo build >&2
    local target
    target=$(cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(fs.readFileSync(0)).target_directory')
    echo "$target/debug/interviews"
}

# Runs a command as root.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# Installs the npm packages that a folder's lock file names, unless they are installed already.
install_packages() {
    if [ "$1/node_modules/.package-lock.json" -nt "$1/package-lock.json" ]; then return; fi
    npm --prefix "$1" ci --no-audit --no-fund
}
