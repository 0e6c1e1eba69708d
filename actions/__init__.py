"""Custom actions, one a file; `rasa run actions` finds them here."""
