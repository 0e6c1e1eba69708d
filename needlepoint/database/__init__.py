"""The database of practitioners and referral requests, by SQLAlchemy: SQLite or PostgreSQL."""
