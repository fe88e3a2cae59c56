# What withPackages does after the links are there: programs that find the modules of the environment.
programs=$(for program in "$interpreter"/bin/* "$out"/bin/*; do readlink -f "$program"; done)
rm -rf "$out/bin"
mkdir "$out/bin"
for program in $programs; do
    printf '#!%s\nexport PYTHONPATH=%s%s\nexec %s "$@"\n' \
        "$shell" "$out/$site" '${PYTHONPATH:+:$PYTHONPATH}' "$program" >"$out/bin/${program##*/}"
    chmod +x "$out/bin/${program##*/}"
done
