"""Custom actions, one a file; `rasa run actions` finds them here.

All calls are answered in one loop: an action that asks the database does so in a thread.
"""
