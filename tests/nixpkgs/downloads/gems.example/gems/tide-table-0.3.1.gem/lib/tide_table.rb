# frozen_string_literal: true

require "moon_phase"

# High water at a harbour, told by the moon.
module TideTable
  def self.high_water(day)
    (MoonPhase.age(day) * 49 + 380) % 720
  end
end
