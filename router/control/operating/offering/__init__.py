"""What a promotion would mean, before anybody signs."""
