"""Makes the golden logits of the tiny models anew, and checks the reference against itself."""
