# The builder of every derivation: nixpkgs' phases, in short. Tools come from nativeBuildInputs, then from the machine.
set -u -o pipefail
shopt -s inherit_errexit
[ -z "${NIX_ATTRS_SH_FILE:-}" ] || . "$NIX_ATTRS_SH_FILE"
export PATH=${toolPath:+$toolPath:}/usr/bin:/bin HOME=/homeless-shelter SOURCE_DATE_EPOCH=315532800 LC_ALL=C TZ=UTC
set +u
umask 022

runHook() { eval "${!1:-}"; }
runPhase() {
    if [ -n "${!1:-}" ]; then eval "${!1}"; elif declare -F "$1" >/dev/null; then "$1"; fi
}

addToSearchPath() { if [ -d "$2" ]; then export "$1=${!1:+${!1}:}$2"; fi; }
# The first line of scripts: programs that it looks for by env, where those of the build are.
patchShebangs() {
    local script program
    while IFS= read -r -d '' script; do
        IFS= read -r program <"$script" || continue
        case "$program" in
            '#!'*/env\ *)
                program=$(command -v "${program##*env }") || continue
                sed -i "1s|.*|#!$program|" "$script"
                ;;
        esac
    done < <(find "$@" -type f -perm -0100 -print0)
}

unpackPhase() {
    [ -n "${src:-}" ] || return 0
    mkdir source
    if [ -d "$src" ]; then
        cp -r "$src/." source
    else
        # the archive's own folder, which sourceRoot may name
        rmdir source
        tar -xf "$src"
        sourceRoot=${sourceRoot:-$(ls)}
    fi
    chmod -R u+w .
    cd "${sourceRoot:-source}"
}
patchPhase() {
    local patch
    runHook prePatch
    for patch in ${patches:-}; do patch -p1 <"$patch"; done
    runHook postPatch
}
configurePhase() {
    [ ! -x configure ] || ./configure --prefix="$out" ${configureFlags:-}
    for hook in ${postConfigureHooks[@]+"${postConfigureHooks[@]}"}; do "$hook"; done
}
buildPhase() { [ ! -e Makefile ] || make ${makeFlags:-}; }
installPhase() { [ ! -e Makefile ] || make install PREFIX="$out" prefix="$out" ${makeFlags:-}; }
fixupPhase() {
    local hook
    runHook preFixup
    for hook in ${postFixupHooks[@]+"${postFixupHooks[@]}"}; do "$hook"; done
    runHook postFixup
}

postConfigureHooks=()
postFixupHooks=()
for hook in ${setupHooks:-}; do . "$hook"; done

if [ -n "${buildCommandPath:-}" ]; then
    . "$buildCommandPath"
elif [ -n "${buildCommand:-}" ]; then
    eval "$buildCommand"
else
    [ -n "${dontUnpack:-}" ] || runPhase unpackPhase
    for phase in patchPhase configurePhase buildPhase installPhase fixupPhase; do
        disable=dont${phase^}
        [ -n "${!disable:-}" ] || runPhase "$phase"
    done
fi
