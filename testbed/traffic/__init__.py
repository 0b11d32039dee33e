"""Real traffic on loopback: a DNS server and load balancers that do what the emulator's Route 53 and ELB say.

Everything is read through the AWS API, as anyone would, and nothing from the program. What the account asks for and
this can't do is told, and never taken for done.
"""
