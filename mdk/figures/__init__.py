"""What the conference's work amounts to, in numbers: per year, region and outcome."""
