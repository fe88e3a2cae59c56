# The hash of a fixed-output derivation: outputHash and outputHashAlgo out of the one that was given.
{ lib }:
function:
{
  hash ? "",
  sha256 ? "",
  sha512 ? "",
  sha1 ? "",
  outputHash ? "",
  outputHashAlgo ? null,
}:
let
  hashes = {
    sri = hash;
    other = outputHash;
    inherit sha1 sha256 sha512;
  };
  given = lib.filter (kind: hashes.${kind} != "") (lib.attrNames hashes);
  kind = lib.head given;
in
if lib.length given > 1 then
  throw "multiple hashes passed to ${function}"
else if given == [ ] then
  {
    outputHash = lib.fakeHash;
    outputHashAlgo = null;
  }
else
  {
    outputHash = hashes.${kind};
    outputHashAlgo =
      {
        sri = null;
        other = outputHashAlgo;
      }
      .${kind} or kind;
  }
