"""Packs: passages that are quoted, put in order and handed on.

`excerpts` quotes a passage and says what has become of a quote since, `outlines` is a pack as
somebody asks for it, `ready_made` and `quiz` make one and ask from one, `making` does all of these
over an index, and `kept` keeps packs. Import them by name: who sends a pack needs no database.
"""
