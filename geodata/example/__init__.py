"""An invented land: nothing in it says anything about the real world."""
