"""What the tiny models of all packs share: how files store numbers, and how ggml rounds. Needs numpy and gguf."""
