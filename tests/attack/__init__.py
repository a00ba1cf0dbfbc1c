"""Files that were made to do harm, and fuzzers that know the structure of each kind of file."""
