"""Rasa's stores of conversations, where its own ones cost too much."""
