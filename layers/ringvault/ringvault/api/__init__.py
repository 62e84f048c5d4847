"""HTTP in, HTTP out: the only readers of query parameters."""
