"""llm.c's files: models, debug states and tokenizers."""
