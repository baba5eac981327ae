"""A bundle as a file: the one zip of its members, and the manifest that says what they are."""
