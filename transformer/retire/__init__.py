"""Taking a port out of a tree into which upstream has brought the architecture itself."""
