"""Live streams: what changed in a conference is told to the browsers that show it."""
