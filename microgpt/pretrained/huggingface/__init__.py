"""Hugging Face's GPT-2: config.json, safetensors, and the hub."""
