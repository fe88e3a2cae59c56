# frozen_string_literal: true

require "bundler/setup"
require "tide_table"

run ->(_request) { [200, { "content-type" => "text/plain" }, ["#{TideTable.high_water(12)}\n"]] }
