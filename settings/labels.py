"""The labels by which the program selects pods, and knows its objects."""

APP = "app"
PART_OF = "app.kubernetes.io/part-of"
INSTANCE = "app.kubernetes.io/instance"
