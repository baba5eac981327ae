"""Validators' signatures over verdicts, where they are shown, and their one reader."""
