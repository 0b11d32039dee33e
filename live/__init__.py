"""The Platform install as objects of a Kubernetes API: read, edited, restored. Nothing here imports Pulumi."""
