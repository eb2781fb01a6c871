"""How fast and how good, in tables: commands, not tests. No timing is ever asserted by the suite.

    python -m tests.benchmarks.search_speed    searches, beside five other engines
    python -m tests.benchmarks.index_speed     from text to searchable, and one change
    python -m tests.benchmarks.serve_speed     requests a second over HTTP
    python -m tests.benchmarks.ablation        what each part of the ranking gives

`corpus` makes the texts and queries, `contestants` wraps the engines, `measuring` takes the times
and prints the tables. The heavy libraries come with `pip install -e '.[benchmark]'`; an engine that
is not installed is left out. Results with date and machine are in README.md beside this file.
"""
