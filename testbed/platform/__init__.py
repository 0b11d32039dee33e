"""A Seqera Platform Enterprise install as its owner has it before Studios: manifests, a certificate, a record."""
