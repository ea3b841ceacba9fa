"""The way into the kernel."""
