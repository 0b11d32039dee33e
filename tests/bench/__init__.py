"""What a preview costs, measured on this machine in one run and told as ratios."""
