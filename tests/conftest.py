"""For the tests of every suite."""

import signal

# What a shell without job control starts in the background is deaf to Ctrl-C, and so are its
# children, the programs under test that have to end at it.
signal.signal(signal.SIGINT, signal.default_int_handler)
