"""What logs say of kills and deaths: one table a speaker, a row a message; entries in, events out."""
