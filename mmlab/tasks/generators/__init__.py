"""Where the samples of the tasks come from: generators, shipped banks, and recordings that a person has."""
