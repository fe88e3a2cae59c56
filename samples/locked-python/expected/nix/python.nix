# The Python environment of pylock.toml: every wheel is fetched by its hash.
{ pkgs }:
let
  inherit (pkgs) lib;
  python = pkgs.python312;
  lock = builtins.fromTOML (builtins.readFile ./pylock.toml);
  cpu = pkgs.stdenv.hostPlatform.parsed.cpu.name;

  # A wheel for every machine, or the one for this: what it is made for is the end of its name.
  fits = wheel: lib.hasSuffix "-any.whl" wheel.name || lib.hasSuffix "_${cpu}.whl" wheel.name;

  # Some distributions are for one kind of machine only.
  isMine = distribution: lib.hasInfix "'${cpu}'" (distribution.marker or "'${cpu}'");

  # What the machine code of a wheel links to besides the C library.
  libraries = {
    harbour-pressure = [ pkgs.zlib ];
  };

  distribution =
    {
      name,
      version,
      wheels,
      ...
    }:
    let
      wheel = lib.findFirst fits (throw "${name} ${version}: no wheel for ${cpu}") wheels;
    in
    python.pkgs.buildPythonPackage (
      {
        pname = name;
        inherit version;
        format = "wheel";
        src = pkgs.fetchurl {
          inherit (wheel) name url;
          inherit (wheel.hashes) sha256;
        };
        dontCheckRuntimeDeps = true; # the lock is complete, each distribution is built alone
      }
      // lib.optionalAttrs (libraries ? ${name}) {
        nativeBuildInputs = [ pkgs.autoPatchelfHook ];
        buildInputs = libraries.${name};
        dontStrip = true; # what auditwheel has moved around does not survive it
      }
    );
in
# As with pip, the files of one distribution may take the place of another's.
python.buildEnv.override {
  extraLibs = map distribution (lib.filter isMine lock.packages);
  ignoreCollisions = true;
}
