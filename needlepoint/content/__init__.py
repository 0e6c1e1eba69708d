"""The content linter: what Rasa's own validation cannot know about topics and answers."""
