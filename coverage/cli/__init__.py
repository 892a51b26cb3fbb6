"""The command line: each command is its arguments, one library call, and what it prints."""
