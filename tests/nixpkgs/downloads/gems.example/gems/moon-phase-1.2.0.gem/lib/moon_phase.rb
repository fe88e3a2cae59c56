# frozen_string_literal: true

# Days since the new moon.
module MoonPhase
  def self.age(day)
    (day * 10) % 295 / 10
  end
end
