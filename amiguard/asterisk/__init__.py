"""Knowledge about an Asterisk installation."""
