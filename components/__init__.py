"""What the program provisions: one ComponentResource a file. Nothing in here reads configuration or files."""
