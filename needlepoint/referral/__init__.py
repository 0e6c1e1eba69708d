"""Finding a licensed practitioner: places, regulators, practitioners, requests. No Rasa here."""
