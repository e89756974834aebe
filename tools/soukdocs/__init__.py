"""Pages of docs/ that are made of what there is: contracts, sources and the services themselves.

    tools/make-docs PAGE --contracts SET SERVICE...

`make docs` writes them, `make lint` refuses when they are not what would be written.
"""
