"""HTTP: the server, and the way from a request to its response."""
