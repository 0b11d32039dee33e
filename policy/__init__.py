"""A CrossGuard policy pack for Seqera Studios and for what is deployed beside it."""
