"""HTTP requests and answers: the only readers of query parameters."""
