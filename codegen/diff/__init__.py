"""`python -m codegen diff`: what a new document of PortOne's does to users of the SDK.

`sources` reads the two documents, and `facts` asks the generator what it makes of each. `matching` says which function
or class of one is which of the other; `compare`, with `functions`, `classes` and `members`, lists what changed between
them as `change`s, and `promise` says what each does to old code and to PortOne's promise. `report` groups them, and
`renderers` writes them down with the templates beside it. `command` is the command line.
"""
