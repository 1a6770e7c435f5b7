"""What the rules say of every revision of a repository: planned and verified from git's objects, without a checkout."""
