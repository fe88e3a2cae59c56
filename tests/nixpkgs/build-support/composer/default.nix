# php.mkComposerVendor: nixpkgs' arguments; one derivation under one hash, in which the lock stands for what Composer downloads.
{ lib, pkgs }:
{
  pname,
  version,
  src,
  sourceRoot ? "",
  postPatch ? "",
  vendorHash ? "",
  composerNoDev ? true,
  composerNoPlugins ? true,
  composerNoScripts ? true,
  composerStrictValidation ? true,
}:
assert lib.assertMsg (lib.all lib.isBool [
  composerNoDev
  composerNoPlugins
  composerNoScripts
  composerStrictValidation
]) "mkComposerVendor: these arguments are booleans";
pkgs.stdenv.mkDerivation {
  name = "${pname}-composer-vendor-${version}";
  inherit src sourceRoot postPatch;
  dev = !composerNoDev;
  installPhase = ''
    mkdir -p $out/vendor
    cp composer.json composer.lock $out
    printf '<?php // dev: %s\n' "$dev" > $out/vendor/autoload.php
  '';
  outputHashMode = "recursive";
  outputHashAlgo = if vendorHash != "" then null else "sha256";
  outputHash = vendorHash;
}
