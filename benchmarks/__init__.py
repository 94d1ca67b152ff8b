"""Speed, measured: never asserted by a test."""
