"""The rules of the archive: pure, standard library only, time is an argument."""
