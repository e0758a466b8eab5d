"""Files in a folder become updates: read line by line, each bad line named, the good ones taken."""
