"""llm.c's binary files: models, debug states and tokenizers."""
