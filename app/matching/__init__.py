"""Which records of several datasets speak of one strike."""
