"""How fast this package is on the reader's own machine, rung by rung, and beside other libraries.

`works` says what is measured and `contenders` who takes part; `turns.Bench` lets them take turns,
and `table`, `report` and `marks` say what came of it. Nothing is loaded here: contenders import
this package too, and the time to start is one of the works.
"""
