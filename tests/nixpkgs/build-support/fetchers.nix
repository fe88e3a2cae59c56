# The fetchers: fixed-output derivations, with nixpkgs' argument names; an argument that nixpkgs does not take is refused.
{ lib, pkgs }:
let
  hashArguments = import ./hash.nix { inherit lib; };
  archiveUrl = {
    github = { domain, owner, repo, rev }: "https://${domain}/${owner}/${repo}/archive/${rev}.tar.gz";
    gitlab = { domain, owner, repo, rev }: "https://${domain}/api/v4/projects/${owner}%2F${repo}/repository/archive.tar.gz?sha=${rev}";
  };
  fetchFromForge =
    function: forge: defaultDomain:
    lib.makeOverridable (
      {
        owner,
        repo,
        rev ? null,
        tag ? null,
        name ? "source",
        domain ? defaultDomain,
        hash ? "",
        sha256 ? "",
        fetchSubmodules ? false,
        leaveDotGit ? false,
        deepClone ? false,
        private ? false,
        passthru ? { },
        meta ? { },
      }:
      assert lib.assertMsg ((tag == null) != (rev == null)) "${function} requires one of either `rev` or `tag` to be provided (not both).";
      pkgs.fetchzip {
        inherit name passthru meta;
        url = archiveUrl.${forge} {
          inherit domain owner repo;
          rev = if tag != null then "refs/tags/${tag}" else rev;
        };
        inherit hash sha256;
      }
    );
in
{
  fetchurl = lib.makeOverridable (
    {
      url ? "",
      urls ? [ ],
      curlOpts ? "",
      curlOptsList ? [ ],
      name ? null,
      pname ? null,
      version ? null,
      hash ? "",
      outputHash ? "",
      outputHashAlgo ? "",
      sha1 ? "",
      sha256 ? "",
      sha512 ? "",
      recursiveHash ? false,
      netrcPhase ? null,
      netrcImpureEnvVars ? [ ],
      postFetch ? "",
      downloadToTemp ? false,
      executable ? false,
      showURLs ? false,
      meta ? { },
      passthru ? { },
      preferLocalBuild ? true,
      nativeBuildInputs ? [ ],
      derivationArgs ? { },
    }@arguments:
    let
      addresses =
        if urls != [ ] && url == "" then
          if lib.isList urls then urls else throw "`urls` is not a list"
        else if urls == [ ] && url != "" then
          if lib.isString url then [ url ] else throw "`url` is not a string"
        else
          throw "fetchurl requires either `url` or `urls` to be set: ${builtins.toJSON (removeAttrs arguments [ "passthru" "meta" ])}";
    in
    pkgs.stdenvNoCC.mkDerivation (
      derivationArgs
      // {
        name =
          if pname != null && version != null then
            "${pname}-${version}"
          else if name != null then
            name
          else
            baseNameOf (toString (lib.head addresses));
        urls = addresses;
        curlOptsList = lib.escapeShellArgs curlOptsList;
        outputHashMode = if recursiveHash || executable then "recursive" else "flat";
        inherit
          curlOpts
          downloadToTemp
          executable
          postFetch
          preferLocalBuild
          meta
          passthru
          nativeBuildInputs
          ;
        buildCommandPath = ./fetch.sh;
        downloads = ../downloads; # what the tests bring along in the place of the network
      }
      // hashArguments "fetchurl" { inherit hash outputHash outputHashAlgo sha1 sha256 sha512; }
    )
  );

  fetchzip = lib.makeOverridable (
    {
      url ? "",
      urls ? [ ],
      name ? "source",
      stripRoot ? true,
      extension ? null,
      postFetch ? "",
      extraPostFetch ? "",
      derivationArgs ? { },
      ...
    }@arguments:
    pkgs.fetchurl (
      removeAttrs arguments [
        "stripRoot"
        "extension"
        "extraPostFetch"
      ]
      // {
        inherit name;
        recursiveHash = true;
        downloadToTemp = true;
        postFetch = ''
          mkdir unpacked
          /usr/bin/python3 -I -c 'import shutil, sys; shutil.unpack_archive(sys.argv[1], "unpacked")' "$downloadedFile"
          if [ ${lib.boolToString stripRoot} = true ]; then mv unpacked/* $out; else mv unpacked $out; fi
          chmod -R u+w $out
          ${postFetch}
          ${extraPostFetch}
        '';
      }
    )
  );

  fetchgit = lib.makeOverridable (
    {
      url,
      rev ? null,
      tag ? null,
      name ? "source",
      leaveDotGit ? false,
      fetchSubmodules ? true,
      deepClone ? false,
      branchName ? null,
      sparseCheckout ? [ ],
      nonConeMode ? false,
      fetchLFS ? false,
      hash ? "",
      sha256 ? "",
      postFetch ? "",
      preFetch ? "",
      fetchTags ? false,
      rootDir ? "",
      meta ? { },
      passthru ? { },
    }:
    pkgs.stdenvNoCC.mkDerivation (
      {
        inherit name url meta passthru;
        rev = if tag != null then "refs/tags/${tag}" else if rev != null then rev else "HEAD";
        outputHashMode = "recursive";
        buildCommand = "echo 'tests/nixpkgs: fetchgit can be evaluated only' >&2; exit 1";
      }
      // hashArguments "fetchgit" { inherit hash sha256; }
    )
  );

  fetchPypi = lib.makeOverridable (
    {
      pname,
      version,
      format ? "setuptools",
      extension ? "tar.gz",
      dist ? "py2.py3",
      python ? dist,
      abi ? "none",
      platform ? "any",
      hash ? "",
      sha256 ? "",
    }:
    pkgs.fetchurl {
      url =
        if format == "wheel" then
          "mirror://pypi/${dist}/${lib.substring 0 1 pname}/${pname}/${pname}-${version}-${python}-${abi}-${platform}.whl"
        else
          "mirror://pypi/${lib.substring 0 1 pname}/${pname}/${pname}-${version}.${extension}";
      inherit hash sha256;
    }
  );

  fetchFromGitHub = fetchFromForge "fetchFromGitHub" "github" "github.com";
  fetchFromGitLab = fetchFromForge "fetchFromGitLab" "gitlab" "gitlab.com";
}
