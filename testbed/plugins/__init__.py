"""The language host's companions: providers that stand in where the official plugins are not installed."""
