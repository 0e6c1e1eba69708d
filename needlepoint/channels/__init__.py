"""Where messages come in: Rasa input channels on Sanic, and what they share."""
