"""Everything that stands in for AWS, EKS and a Platform install; nothing in the program knows of it."""
