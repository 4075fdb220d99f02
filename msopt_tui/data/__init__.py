"""Text to token rows: sources, cleaning, splits, tokenizer, memmap, the order of batches. No torch, no transformers."""
