# nixpkgs' hook, in short
yarnConfigHook() {
    if [ -n "${yarnOfflineCache:-}" ]; then offlineCache=$yarnOfflineCache; fi
    if [ -z "${offlineCache:-}" ]; then
        echo "yarnConfigHook: No yarnOfflineCache or offlineCache were defined!" >&2
        exit 2
    fi
    export offlineCache
    yarn install --frozen-lockfile --force --production=false --ignore-engines --ignore-platform --ignore-scripts \
        --no-progress --non-interactive --offline
}
postConfigureHooks+=(yarnConfigHook)
