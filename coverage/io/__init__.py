"""The edge: reading files into checked tables, and writing results."""
