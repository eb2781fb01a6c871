"""Commands that look for inputs that break a reader; what they find becomes a test."""
