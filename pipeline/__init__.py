"""What the workflows run: previews as comments, updates and checks for drift. It needs nothing but Python."""
