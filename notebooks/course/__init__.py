"""What builds the course's notebooks from their sources, and what checks their prose and cells."""
