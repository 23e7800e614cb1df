"""OpenAI's GPT-2 as published: a TensorFlow checkpoint, read without TensorFlow."""
