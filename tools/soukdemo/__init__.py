"""The demo: a real stack, goods on its shelves, a purchase from search to delivery.

Every step is checked; the demo ends well only if all of them held.
"""
