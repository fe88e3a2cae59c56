# Builder of buildPythonPackage: wheels are unpacked; there are no build systems here, so nothing else can be built.
case $format in
    wheel)
        mkdir -p "$out/$site"
        /usr/bin/python3 -I "$unpacker" "$src" "$out" "$site" "$interpreter"
        ;;
    *)
        echo "tests/nixpkgs: format \"$format\" of $name can be evaluated only, wheels can be built" >&2
        exit 1
        ;;
esac
