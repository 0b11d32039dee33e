"""The components as a Pulumi package."""
