"""The demo: recorded attacks, the real service and the real kernel, in a network of its own."""
