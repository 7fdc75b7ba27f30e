"""What a run of the claims leaves behind: table, CSV, pictures and one page of HTML."""
