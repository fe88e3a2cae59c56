# Functions over packages: programs, priorities, versions, licences, systems.
{ lib }:
rec {
  defaultPriority = 5;
  addMetaAttrs = meta: package: package // { meta = (package.meta or { }) // meta; };
  setPrio = priority: addMetaAttrs { inherit priority; };
  lowPrio = setPrio 10;
  hiPrio = setPrio (-10);
  setName = name: package: package // { inherit name; };

  getExe =
    package:
    getExe' package (
      package.meta.mainProgram
        or (lib.warn "getExe: Package ${lib.strings.escapeNixString (package.meta.name or package.pname or package.name)} does not have the meta.mainProgram attribute. We'll assume that the main program has the same name for now, but this behavior is deprecated, because it leads to surprising errors when the assumption does not hold. If the package has a main program, please set `meta.mainProgram` in its definition to make this warning go away. Otherwise, if the package does not have a main program, or if you don't control its definition, use getExe' to specify the name to the program, such as lib.getExe' foo \"bar\"."
          (lib.getName package)
        )
    );
  getExe' =
    package: program:
    assert lib.assertMsg (lib.isDerivation package) "lib.meta.getExe': The first argument is of type ${builtins.typeOf package}, but it should be a derivation instead.";
    assert lib.assertMsg (builtins.isString program) "lib.meta.getExe': The second argument is of type ${builtins.typeOf program}, but it should be a string instead.";
    assert lib.assertMsg (builtins.match ".*/.*" program == null) "lib.meta.getExe': The second argument \"${program}\" is a nested path with a \"/\" character, but it should just be the name of the executable instead.";
    "${lib.getBin package}/bin/${program}";

  versions = {
    splitVersion = builtins.splitVersion;
    major = version: builtins.elemAt (builtins.splitVersion version) 0;
    minor = version: builtins.elemAt (builtins.splitVersion version) 1;
    patch = version: builtins.elemAt (builtins.splitVersion version) 2;
    majorMinor = version: lib.concatStringsSep "." (lib.take 2 (builtins.splitVersion version));
  };

  licenses = builtins.mapAttrs (shortName: spdxId: { inherit shortName spdxId; free = true; }) {
    agpl3Only = "AGPL-3.0-only";
    asl20 = "Apache-2.0";
    bsd2 = "BSD-2-Clause";
    bsd3 = "BSD-3-Clause";
    gpl2Only = "GPL-2.0-only";
    gpl3Only = "GPL-3.0-only";
    gpl3Plus = "GPL-3.0-or-later";
    isc = "ISC";
    lgpl21Plus = "LGPL-2.1-or-later";
    mit = "MIT";
    mpl20 = "MPL-2.0";
    unlicense = "Unlicense";
  } // {
    unfree = {
      shortName = "unfree";
      fullName = "Unfree";
      free = false;
    };
  };

  platforms = rec {
    linux = [
      "aarch64-linux"
      "x86_64-linux"
    ];
    darwin = [
      "aarch64-darwin"
      "x86_64-darwin"
    ];
    unix = linux ++ darwin;
    all = unix;
  };

  systems.flakeExposed = [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ];

  fakeHash = "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
  fakeSha256 = "0000000000000000000000000000000000000000000000000000000000000000";
}
