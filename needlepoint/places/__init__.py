"""Where a person is, from their own words, without network: ``find.find_place``."""
