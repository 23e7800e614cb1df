"""PyTorch's state dicts of GPT-2s in safetensors: Hugging Face's, nanoGPT's, the book's."""
