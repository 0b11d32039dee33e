"""A Seqera Platform that runs with Docker Compose on an EC2 instance: its folder, and what AWS has around it."""
