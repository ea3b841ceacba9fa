"""A live view in the terminal: what is told becomes a scene, keys change it, and a frame of lines shows it.

It is drawn by curses, which every Python on Linux brings, which knows every
terminal that an ssh may come from, and which leaves it as it was.  Libraries of
widgets would bring ten packages more onto a PBX, for one screen.
"""
