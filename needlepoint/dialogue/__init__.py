"""What the bot says: answers with their sources and notes, and which disclaimer follows."""
