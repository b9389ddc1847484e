"""`python -m codegen diff`: what a new document of PortOne's does to users of the SDK.

`sources` reads the two documents, `facts` asks the generator what it makes of each, `matching` says which function or
class of one is which of the other, `compare` lists what changed between them, `change` says what a change does to old
code and to PortOne's promise, and `report` writes it down.
"""
