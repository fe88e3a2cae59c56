"""Air pressure; a wheel for each kind of machine."""
