"""Understanding a message: splitting it into questions and finding the intent of each."""
