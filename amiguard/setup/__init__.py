"""What a PBX needs to be guarded: found, shown, and put there.

An installation becomes a frozen `View`, the view a `Plan` of changes that are
values, and only `making` does something.
"""
