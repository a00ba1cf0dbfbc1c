"""`make attack`: hostile files, kills, a crowd, two visitors against each other; the table of docs/reliability.md."""
