# Builder of fetchurl: the first of $urls that answers. Runs in the sandbox, with network, as a fixed-output derivation.
# What the tests bring along in $downloads, under host and path, is taken from there.
downloadedFile=$out
if [ -n "${downloadToTemp:-}" ]; then downloadedFile=$PWD/$(basename "${urls%% *}"); fi
fetched=
for url in $urls; do
    if [ -f "$downloads/${url#*://}" ]; then
        cp --no-preserve=mode "$downloads/${url#*://}" "$downloadedFile"
        fetched=1
        break
    fi
    if /usr/bin/curl --fail --location --silent --show-error ${curlOpts:-} --output "$downloadedFile" "$url"; then
        fetched=1
        break
    fi
done
[ -n "$fetched" ] || { echo "error: cannot download $name from any mirror" >&2; exit 1; }
eval "${postFetch:-}"
if [ -n "${executable:-}" ]; then chmod +x "$downloadedFile"; fi
