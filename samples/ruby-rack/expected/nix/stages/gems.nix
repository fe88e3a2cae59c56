# 2: FROM ruby:3.4-slim AS gems: what this stage builds, as a derivation.
# 6: bundle config set --local without 'development test'
# 7: bundle install --jobs 4 --retry 3
{ pkgs }:
pkgs.bundlerEnv {
  name = "ruby-rack-gems";
  ruby = pkgs.ruby_3_4;
  gemfile = ../../Gemfile;
  lockfile = ../../Gemfile.lock;
  gemset = {
    moon-phase = {
      source = {
        remotes = [ "https://gems.example" ];
        sha256 = "sha256-c+YcEbeyJk2fdokQGpoFL0i53sIqRtibEl/OkMlmXKg=";
        type = "gem";
      };
      version = "1.2.0";
    };
    tide-table = {
      dependencies = [ "moon-phase" ];
      source = {
        remotes = [ "https://gems.example" ];
        sha256 = "sha256-a2OZw6Y2hMFAB6xkboBoW8XkbOZ1FHtzPghMrHW6bZ4=";
        type = "gem";
      };
      version = "0.3.1";
    };
  };
}
