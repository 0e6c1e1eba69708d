"""`make bench`: this project and the stock configuration of `rasa init`, measured in one run."""
