"""Needlepoint: a conversational FAQ assistant about acupuncture for back pain."""
