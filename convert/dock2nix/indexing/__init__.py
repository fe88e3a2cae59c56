"""How the tables of `mappings/index/` are made; nothing of this runs in a conversion."""
