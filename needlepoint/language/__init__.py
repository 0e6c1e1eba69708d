"""The spaCy pipeline ``en_needlepoint``: tokens, sentence-encoder vectors, sentences."""
