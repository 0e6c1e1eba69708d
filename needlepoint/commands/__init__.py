"""The commands of ``needlepoint``."""
