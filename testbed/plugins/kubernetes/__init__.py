"""A stand-in for the official Kubernetes provider: any kind that the API server serves, on the real API server."""
