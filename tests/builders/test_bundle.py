"""bundle install: which gems of the lock are installed, where they come to stand, and what is left alone."""

from __future__ import annotations

import pytest

from builders_lab import base_image, only, reason, work
from dock2nix.builders import builder_of
from dock2nix.model.builds import BundleRecipe
from dock2nix.parse.gemfile import read_gemfile

RUBY = base_image("ruby", "ruby_3_4")
DIGEST = "d3fbcbca43dc2b43c9c6d7dfbac01667ae58643c42cea10013d0da970218a1b1"
GEMFILE = """\
source "https://gems.example"
ruby "3.4.1"

gem "sinatra", "~> 4.0" # the pages
gem 'puma',
    '>= 6'
gem "nokogiri"
gem "wdm", platforms: [:mingw]
group :development, :test do
  gem "rspec", group: :test
end
gem "pry", group: [:development]
group :profile, optional: true do
  gem("stackprof")
end
"""
LOCK = f"""\
GIT
  remote: https://git.example/tide.git
  revision: 0123456789abcdef0123456789abcdef01234567
  submodules: true
  specs:
    tide (1.0)

GEM
  remote: https://gems.example/
  specs:
    nokogiri (1.18.0)
      racc (~> 1.4)
    nokogiri (1.18.0-x86_64-linux-gnu)
      racc (~> 1.4)
    pry (0.15.0)
    puma (6.5.0)
    racc (1.8.1)
    rack (3.1.8)
    rspec (3.13.0)
    sinatra (4.1.1)
      bundler (>= 1)
      rack (>= 3.0.0, < 4)
    stackprof (0.2.27)
    wdm (0.2.0-x64-mingw32)

PLATFORMS
  ruby
  x86_64-linux

DEPENDENCIES
  nokogiri
  pry
  puma (>= 6)
  rspec
  sinatra (~> 4.0)
  stackprof
  tide!
  wdm

CHECKSUMS
  puma (6.5.0)
  rack (3.1.8) sha256={DIGEST}

RUBY VERSION
   ruby 3.4.1p0

BUNDLED WITH
   2.6.2
"""
FILES = {"/src/Gemfile": GEMFILE, "/src/Gemfile.lock": LOCK}
HOME = {"GEM_HOME": "/usr/local/bundle", "BUNDLE_APP_CONFIG": "/usr/local/bundle"}
WITHOUT_TESTS = ("nokogiri", "puma", "racc", "rack", "sinatra", "tide")
ALL = tuple(sorted((*WITHOUT_TESTS, "pry", "rspec")))


def recipe(text: str, files: dict[str, str] | None = None) -> BundleRecipe:
    found = only(work(text, FILES | (files or {}), base=RUBY, environment=HOME)).recipe
    assert isinstance(found, BundleRecipe)
    return found


@pytest.mark.parametrize(
    ("text", "names"),
    [
        pytest.param("bundle install", ALL, id="all but what is optional and of other systems"),
        pytest.param("bundle", ALL, id="installing is what it does by itself"),
        pytest.param("bundle install --jobs=4 --retry 3 --quiet", ALL, id="how it is done"),
        pytest.param("bundle install --without development test", WITHOUT_TESTS, id="groups left out"),
        pytest.param("bundle install --without development:test", WITHOUT_TESTS, id="with colons"),
        pytest.param(
            "bundle config set --local without 'development test'\nbundle install", WITHOUT_TESTS, id="config"
        ),
        pytest.param(
            "bundle config --global without development:test\nbundle install",
            WITHOUT_TESTS,
            id="config of old",
        ),
        pytest.param("BUNDLE_WITHOUT=development:test bundle install", WITHOUT_TESTS, id="variable"),
        pytest.param(
            "bundle install --without test",
            tuple(sorted((*WITHOUT_TESTS, "pry", "rspec"))),
            id="a gem of two groups stays for the other",
        ),
        pytest.param(
            "bundle config set with profile\nbundle install",
            tuple(sorted((*ALL, "stackprof"))),
            id="asked for",
        ),
        pytest.param(
            "bundle config set without test\nbundle config unset without\nbundle install",
            ALL,
            id="taken back",
        ),
        pytest.param(
            "bundle check\nbundle install\nbundle clean --force", ALL, id="that it looks is nothing"
        ),
    ],
)
def test_gems(text: str, names: tuple[str, ...]) -> None:
    assert tuple(gem.name for gem in recipe(text).gems) == names


def test_each_gem_is_pinned_as_the_lock_says() -> None:
    found = recipe("bundle install")
    assert (found.ruby, found.manifest, found.lock) == ("ruby_3_4", "src/Gemfile", "src/Gemfile.lock")
    gems = {gem.name: gem for gem in found.gems}
    assert gems["rack"].hash == "sha256-0/vLykPcK0PJxtffusAWZ65YZDxCzqEAE9DalwIYobE="
    assert gems["puma"].hash == ""
    assert gems["sinatra"].dependencies == ("rack",)
    assert gems["nokogiri"].platform == "ruby"
    assert gems["rack"].remotes == ("https://gems.example",)
    assert gems["tide"].revision.startswith("0123")
    assert gems["tide"].submodules


def test_a_build_for_the_system_is_taken_where_there_is_no_other() -> None:
    lock = LOCK.replace("    nokogiri (1.18.0)\n      racc (~> 1.4)\n", "")
    gems = {gem.name: gem for gem in recipe("bundle install", {"/src/Gemfile.lock": lock}).gems}
    assert gems["nokogiri"].platform == "x86_64-linux-gnu"


@pytest.mark.parametrize(
    ("text", "environment", "place"),
    [
        pytest.param("bundle install", HOME, "/usr/local/bundle", id="where Ruby's image has them"),
        pytest.param(
            "bundle install", HOME | {"BUNDLE_PATH": "/gems"}, "/gems/ruby/3.4.0", id="by a variable"
        ),
        pytest.param(
            "bundle install --path vendor/gems", {}, "/src/vendor/gems/ruby/3.4.0", id="by an option"
        ),
        pytest.param(
            "bundle install --deployment", HOME, "/src/vendor/bundle/ruby/3.4.0", id="in the project"
        ),
        pytest.param(
            "bundle config set --local path x\nbundle install", HOME, "/src/x/ruby/3.4.0", id="by config"
        ),
        pytest.param(
            "bundle install --gemfile=/src/Gemfile", HOME, "/usr/local/bundle", id="named by its path"
        ),
    ],
)
def test_places(text: str, environment: dict[str, str], place: str) -> None:
    built = only(work(text, FILES, base=RUBY, environment=environment))
    assert built.products == ((f"{place}/", "lib/ruby/gems/3.4.0/"),)


def test_what_it_was_told_stays_in_its_files() -> None:
    commands = "bundle config set --local without 'development test'\nbundle config set --global jobs 4\nbundle install"
    lock = LOCK.replace("    nokogiri (1.18.0-x86_64-linux-gnu)\n      racc (~> 1.4)\n", "")
    built = only(work(commands, FILES | {"/src/Gemfile.lock": lock}, base=RUBY, environment=HOME))
    assert dict(built.files) == {
        "/usr/local/bundle/config": '---\nBUNDLE_WITHOUT: "development:test"\n',
        "/root/.bundle/config": '---\nBUNDLE_JOBS: "4"\n',
    }


def test_bundler_is_told_that_gems_are_built_from_source() -> None:
    """The lock has builds for systems too, which it would look for."""
    built = only(work("bundle install", FILES, base=RUBY, environment=HOME))
    assert dict(built.files) == {"/usr/local/bundle/config": '---\nBUNDLE_FORCE_RUBY_PLATFORM: "true"\n'}


def test_settings_that_were_copied_count() -> None:
    copied = {"/src/.bundle/config": "---\nBUNDLE_WITHOUT:\n- development\n- test\nBUNDLE_JOBS: '2'\n"}
    built = only(work("bundle install", FILES | copied, base=RUBY, environment={"GEM_HOME": "/g"}))
    assert isinstance(built.recipe, BundleRecipe)
    assert tuple(gem.name for gem in built.recipe.gems) == WITHOUT_TESTS
    assert built.files == (
        (
            "/src/.bundle/config",
            '---\nBUNDLE_WITHOUT: "development:test"\nBUNDLE_JOBS: "2"\nBUNDLE_FORCE_RUBY_PLATFORM: "true"\n',
        ),
    )


@pytest.mark.parametrize(
    ("text", "files", "why"),
    [
        pytest.param("bundle install", {"/src/Gemfile": GEMFILE}, "there is no Gemfile.lock", id="no lock"),
        pytest.param(
            "bundle install",
            FILES | {"/src/Gemfile.lock": LOCK.replace("GEM\n", "<<<<<<< HEAD\nGEM\n")},
            "none that Bundler writes",
            id="an unfinished merge",
        ),
        pytest.param("bundle update", FILES, "bundle update changes", id="update"),
        pytest.param("bundle install --standalone", FILES, "--standalone is not translated", id="standalone"),
        pytest.param("bundle install --frob", FILES, "--frob is not known", id="an option"),
        pytest.param("bundle config set plugin.x y", FILES, "plugin.x is not understood", id="a setting"),
        pytest.param(
            "bundle install",
            FILES | {"/src/Gemfile.lock": LOCK.replace("GIT\n", "PATH\n")},
            "tide is from a folder",
            id="a gem in a folder",
        ),
        pytest.param(
            "bundle install",
            FILES | {"/src/Gemfile.lock": LOCK.replace("racc (1.8.1)", "racc (1.8.1-aarch64-linux)")},
            "racc is locked for aarch64-linux alone",
            id="another system",
        ),
        pytest.param(
            "bundle install",
            FILES | {"/src/Gemfile.lock": LOCK.replace("    rack (3.1.8)\n", "")},
            "its lock lacks rack",
            id="a gem that the lock lacks",
        ),
        pytest.param("bundle install\ncd lib && bundle install", FILES, "several folders", id="two projects"),
    ],
)
def test_refused(text: str, files: dict[str, str], why: str) -> None:
    assert why in reason(work(text, files, base=RUBY, environment=HOME))


def test_what_runs_a_program_of_the_project_is_no_installation() -> None:
    assert builder_of(work("bundle exec rake assets:precompile").calls[0]) is None


def test_without_a_folder_for_gems_there_is_none() -> None:
    assert "GEM_HOME" in reason(work("bundle install", FILES, base=RUBY))


def test_without_ruby_there_is_no_telling() -> None:
    assert "which Ruby" in reason(work("bundle install", FILES, environment=HOME))


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("eval_gemfile 'other'", id="another file"),
        pytest.param("gemspec", id="a gemspec"),
        pytest.param("%w[a b].each do |name|", id="a loop"),
        pytest.param("gem 'a', **group_of('a')", id="computed options"),
        pytest.param("group :test do", id="no end"),
    ],
)
def test_a_gemfile_that_would_have_to_be_run_is_not_read(line: str) -> None:
    assert read_gemfile(f"{GEMFILE}{line}\n") is None
    text = "bundle install --without development test"
    assert tuple(one.name for one in recipe(text, {"/src/Gemfile": f"{GEMFILE}{line}\n"}).gems) == tuple(
        sorted((*ALL, "stackprof"))
    )
