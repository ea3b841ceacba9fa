"""Pure: the rules of `audit`: what is wrong in an Asterisk installation, why, and what mends it."""
