"""What the triage decides on: the rules in ``data/safety``, and what a finding means. No Rasa."""
