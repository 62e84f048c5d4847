"""What is in the bucket, and where."""
