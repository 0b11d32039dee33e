"""The forms that values take in a stack's file, each refused with what to write instead."""
