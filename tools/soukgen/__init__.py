"""What protoc-gen-souk is made of: our contracts' C beyond the messages, which protoc-c makes.

`contracts` reads what protoc sends, `law` refuses what breaks our rules, `rules` turns limits into
tables for io/pb_check.h, `types`, `tables`, `server` and `client` write a file each, the last two
with `streams`. `plugin` ties them.
"""
